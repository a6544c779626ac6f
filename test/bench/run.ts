// npm run bench: starts the proxies, runs the cases over them in turn, prints a table. See README.md beside this file.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contender, ownPlan, peerPlan } from './contender.ts'
import type { Plan } from './contender.ts'
import { measureCase, measureIdle } from './measure.ts'
import { metersAre } from './meter.ts'
import { parseOptions } from './options.ts'
import type { Options } from './options.ts'
import { PEERS, versionOf } from './peers.ts'
import { ROOT, checkOut } from './revision.ts'
import { markdown, remarks } from './table.ts'
import type { Column, Row } from './table.ts'
import { Tools, places } from './tools.ts'
import { onEnd } from './undo.ts'

interface Entry {
  readonly plan: Plan
  readonly kind: Column['kind']
}

const FIRST = 'Greengate'

function say(line: string): void {
  console.error(line)
}

/** Ours in each form that is asked for; the first is what all is compared with. */
function ours(options: Options, target: string, folder: string): readonly Entry[] {
  const forms = options.policies.flatMap((policy) => options.workers.flatMap((workers) => 
    [[false, false], ...(options.events ? [[true, false]] : []), ...(options.store ? [[false, true]] : [])].map(([events = false, store = false]) => ({ policy, workers, events, store }))))
  const entries = forms.map(({ policy, workers, events, store }, i): Entry => {
    const apart = [...(policy === options.policies[0] ? [] : [`policy ${policy}`]), ...(workers === options.workers[0] ? [] : [`${workers} workers`]), ...(events ? ['event log'] : []), ...(store ? ['store'] : [])]
    return { plan: ownPlan({ title: [FIRST, ...apart].join(', '), root: ROOT, policy, workers, events, store, target }), kind: i === 0 ? 'first' : 'variant' }
  })
  if (options.compare === undefined) return entries
  const { root, title } = checkOut(options.compare, folder)
  const other = ownPlan({ title, root, policy: options.policies[0] ?? 'plain', workers: options.workers[0] ?? 1, events: false, store: false, target })
  return [...entries, { plan: other, kind: 'other' }]
}

function peers(options: Options): readonly Entry[] {
  return options.peers.flatMap((name): Entry[] => {
    const peer = PEERS[name]
    if (peer === undefined) return []
    const version = versionOf(peer)
    if (version !== undefined) return [{ plan: peerPlan(peer, version), kind: 'other' }]
    say(`left out: ${peer.title} (there is no ${peer.program}; on Debian: apt-get install ${name})`)
    return []
  })
}

async function bench(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'greengate-bench-'))
  onEnd(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  const place = places(Math.max(...options.workers))
  const tools = await Tools.start(folder, place, options.generator)
  const hosts = join(folder, 'hosts')
  writeFileSync(hosts, `127.0.0.1 localhost\n127.0.0.1 ${tools.target}\n`)

  const entries = [...ours(options, tools.target, folder), ...peers(options)]
  let started = 0
  const start = (plan: Plan): Promise<Contender> => Contender.start(plan, { folder: join(folder, `${started++}`), origins: tools.origins, hosts, pin: place.proxy })
  const contenders: Contender[] = []
  const standing: Entry[] = []
  for (const entry of entries) {
    try {
      contenders.push(await start(entry.plan))
      standing.push(entry)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (entry.kind === 'first') throw new Error(`ours does not start: ${problem}`)
      say(`left out: ${entry.plan.title} does not start: ${problem}`)
    }
  }

  const rows: Row[] = []
  for (const each of options.cases.filter(({ mode }) => mode !== 'idle')) {
    rows.push({ case: each, rounds: await measureCase(each, contenders, tools, options.rounds ?? each.rounds, options.scale) })
    say(`${each.name}: done`)
  }
  for (const contender of contenders) await contender.stop()
  for (const each of options.cases.filter(({ mode }) => mode === 'idle')) {
    const rounds = new Map<string, readonly [Awaited<ReturnType<typeof measureIdle>>]>()
    for (const { plan } of standing) rounds.set(plan.title, [await measureIdle(each, plan, start, tools, options.scale)])
    rows.push({ case: each, rounds })
    say(`${each.name}: done`)
  }

  const columns = standing.map(({ plan, kind }): Column => ({ title: plan.title, kind }))
  const machine = [`${cpus().length} cpus (${cpus()[0]?.model.trim() ?? 'unknown'})`, `Linux ${release()}`, `Node ${process.version}`, `processor time from ${metersAre()}`, place.told,
    `load and origin in ${tools.kind === 'c' ? 'C' : 'TypeScript'}`, `policy ${options.policies.join(', ')}`, `${options.workers[0]} worker${options.workers[0] === 1 ? '' : 's'}`]
  console.log(`${markdown(columns, rows)}\n\n${[`${machine.join('; ')}.`, ...remarks(columns, rows)].join('\n')}`)
  if (options.json === undefined) return
  const cases = Object.fromEntries(rows.map((row) => [row.case.name, Object.fromEntries(row.rounds)]))
  writeFileSync(options.json, `${JSON.stringify({ when: new Date().toISOString(), machine, columns, cases }, null, 1)}\n`)
}

const args = process.argv.slice(2)
if (args[0] === 'decisions') {
  const { decisions } = await import('./decisions.ts')
  await decisions(args.slice(1))
} else {
  const options = parseOptions(args)
  if ('help' in options) console.log(options.help)
  else if ('problem' in options) {
    console.error(`bench: ${options.problem}\n  npm run bench -- --help`)
    process.exitCode = 2
  } else {
    await bench(options).catch((error: unknown) => {
      console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    })
    process.exit()
  }
}
