// `greengate status`: what the running gateway does, in one look. It is asked, never guessed from a file.
import type { Command } from 'commander'
import { askFigures } from '../gateway/control.ts'
import type { Figures } from '../gateway/stats.ts'
import { PID_FILE, askGateway } from './ask-gateway.ts'
import { momentText, sizeText, spanText } from './amounts.ts'
import { say, sayJson } from './say.ts'
import { table } from './table.ts'

interface StatusOptions {
  readonly pidFile?: string
  readonly json?: true
}

function lines(f: Figures): readonly (readonly [string, string])[] {
  const { workers, connections, pool, dns, reloads } = f
  const count = (verdict: string): number => f.requests.reduce((sum, each) => sum + (each.verdict === verdict ? each.count : 0), 0)
  const last = reloads.last === undefined ? '' : `; the last ${momentText(reloads.last.at)}, ${reloads.last.ok ? 'taken' : 'REFUSED'}`
  return [
    ['state', f.state],
    ['policy', `${f.policy.name} (${f.policy.file}), mode ${f.policy.mode}, generation ${f.policy.generation} (${f.policy.hash})`],
    ['process', `greengate ${f.version}, pid ${f.pid}, port ${f.port}, up ${spanText(f.uptimeS)}`],
    ['workers', `${workers.running} of ${workers.wanted}${workers.lost === 0 ? '' : `, ${workers.lost} lost and replaced`}`],
    ['reloads', `${reloads.loaded} taken, ${reloads.refused} refused${last}`],
    ['requests', `${count('allow')} allowed, ${count('deny')} denied, ${count('error')} failed; ${sizeText(f.bytes.in)} in, ${sizeText(f.bytes.out)} out`],
    ['clients', `${connections.open} connections, ${connections.waiting} waiting, ${f.tunnels} tunnels`],
    ['upstream', `${pool.idle} idle, ${pool.dialled} dialled, ${pool.reused} over a connection that was open`],
    ['dns', `${dns.resolved} resolved, ${dns.cached} known, ${dns.error} failed, ${dns.timeout} timed out; ${dns.asking} being asked, ${dns.waiting} waiting`],
    ['limits', f.limits.length === 0 ? 'none hit' : f.limits.map(({ limit, count }) => `${limit} ${count}`).join(', ')],
    ['log', `${f.log.queued} characters queued, ${f.log.lost} requests lost`],
    ...(f.store === undefined ? [] : [['store', `${f.store.queued} characters queued, ${f.store.lost} requests lost${f.store.open ? '' : '; it CANNOT be written now'}`] as const]),
  ]
}

async function status(options: StatusOptions): Promise<void> {
  const figures = await askGateway(options.pidFile, 'the gateway did not tell', askFigures)
  if (figures === undefined) return
  if (options.json === true) return sayJson(figures, 2)
  for (const [label, text] of lines(figures)) say(`${label.padEnd(9)} ${text}\n`)
  if (figures.requests.length > 0) say(`\n${table(['verdict', 'rule', 'requests'], figures.requests.map(({ verdict, rule, count }) => [verdict, rule, String(count)]))}`)
}

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('tell what the running gateway does: policy, requests by rule, tunnels, DNS, limits, reloads')
    .option('--pid-file <file>', PID_FILE)
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Counts are of requests that are over, over all workers, since the gateway began. Exit code 1: no gateway answers.

Example:
  $ greengate status`)
    .action(status)
}
