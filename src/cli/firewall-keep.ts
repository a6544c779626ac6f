// `greengate firewall keep`: the confirmed policy at its hours, and an eye on applies that nobody watches. `greengate firewall helper`: root's hand for
// who keeps it without root.
import { setTimeout as sleep } from 'node:timers/promises'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Server } from 'node:net'
import type { Command } from 'commander'
import { uidOf } from '../gateway/firewall-facts.ts'
import { helperHand, listenHelper } from '../gateway/root-hand.ts'
import { Keeper } from '../gateway/keeper.ts'
import type { Turn } from '../gateway/keeper.ts'
import { takeProxyBack } from '../gateway/plane-proxy.ts'
import { isAlive } from '../kernel/processes.ts'
import { isWatched, readPending, rollBack } from '../plane/ending.ts'
import { ownHand } from '../plane/hand.ts'
import type { Places } from '../plane/places.ts'
import { settleBeside } from '../plane/settle.ts'
import { sweep } from '../plane/sweep.ts'
import type { Swept } from '../plane/sweep.ts'
import { failure, usageError } from './exit.ts'
import { planePlaces, stateOption } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { say, sayError, sayJson } from './say.ts'
import { untilStopped } from './until-stopped.ts'

const TICK_MS = 500
/** Between two looks at queues and routes: an interface may have come. */
const SETTLE_MS = 20_000
const SOCKET = '/run/greengate-firewall.sock'

function tellTurn(json: boolean, turn: Turn, swept: Swept | undefined): void {
  const time = new Date().toISOString()
  if (turn.kind === 'loaded') {
    const cut = swept?.ok === true ? swept.cut : undefined
    if (json) sayJson({ time, event: 'loaded', policy: turn.meta.policy, generation: turn.meta.generation, ...(cut === undefined ? {} : { cut }) })
    else say(`${time} policy ${turn.meta.policy} as it holds now: generation ${turn.meta.generation}${cut === undefined ? '' : `, ${cut} flows cut`}\n`)
    return
  }
  const text = turn.kind === 'idle' ? turn.why : turn.problem
  if (json) sayJson({ time, event: turn.kind, text })
  else if (turn.kind === 'idle') say(`${time} ${text}\n`)
  else sayError(`greengate: ${time} ${text}\n`)
}

/** Root's: queues and routes are where the rules in force need them. What is told once, not at each look. */
async function settling(places: Places, json: boolean, signal: AbortSignal): Promise<void> {
  let last = ''
  for (; !signal.aborted; await sleep(SETTLE_MS, undefined, { signal }).catch(() => {})) {
    const put = await settleBeside(places).catch((error: unknown) => ({ kind: 'failed' as const, words: error instanceof Error ? error.message : String(error) }))
    const text = put === undefined ? '' : put.kind === 'there' ? 'queues and routes that were missing are there' : put.words
    if (text !== '' && text !== last) {
      if (json) sayJson({ time: new Date().toISOString(), event: put?.kind === 'failed' ? 'failed' : 'settled', text })
      else if (put?.kind === 'failed') sayError(`greengate: ${new Date().toISOString()} ${text}\n`)
      else say(`${new Date().toISOString()} ${text}\n`)
    }
    last = text
  }
}

/** An apply whose applier and watchdog are both gone has nobody else. */
async function takeOver(places: Places, json: boolean): Promise<void> {
  const pending = readPending(places)
  if (pending === undefined || isWatched(pending) || isAlive(pending.applier)) return
  const outcome = await rollBack(places, pending, 'nobody watched over it any more', takeProxyBack)
  if (outcome === undefined) return
  if (json) sayJson({ time: new Date().toISOString(), event: 'rolled-back', why: outcome.why })
  else say(`${new Date().toISOString()} rolled back: ${outcome.why}\n`)
}

async function keep(options: StateOptions & { readonly helper?: string }): Promise<void> {
  const places = options.helper === undefined ? planePlaces(options) : undefined
  if (places === undefined && options.helper === undefined) return
  const json = options.json === true
  const keeper = new Keeper(places === undefined ? helperHand(options.helper ?? SOCKET) : ownHand(places))
  const stopped = untilStopped()
  if (places !== undefined) void settling(places, json, stopped)
  let last = ''
  for (; !stopped.aborted; await sleep(TICK_MS, undefined, { signal: stopped }).catch(() => {})) {
    try {
      if (places !== undefined) await takeOver(places, json)
      const turn = await keeper.tick(Date.now())
      if (turn === undefined) continue
      // flows are root's to look through: without it the mark stops who sends
      const swept = turn.kind === 'loaded' && places !== undefined ? await sweep(turn.facts) : undefined
      const said = JSON.stringify(turn.kind === 'loaded' ? Date.now() : turn)
      if (said !== last) tellTurn(json, turn, swept)
      last = said
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== last) sayError(`greengate: ${problem}\n`)
      last = problem
    }
  }
}

async function helper(options: StateOptions & { readonly socket?: string; readonly owner: string }): Promise<void> {
  const owner = uidOf(options.owner)
  if (owner === undefined) return usageError(`this machine has no user \`${options.owner}\``, 'give the number: `--owner 13`')
  const places = planePlaces(options)
  if (places === undefined) return
  const path = options.socket ?? SOCKET
  if (!existsSync(dirname(path))) return failure(`${dirname(path)} is not there`, 'make the folder, one that only root may write, or name another: `--socket FILE`')
  const stopped = untilStopped()
  let server: Server
  try {
    server = await listenHelper(path, owner, ownHand(places))
  } catch (error) {
    return failure(`it cannot listen: ${error instanceof Error ? error.message : String(error)}`)
  }
  say(`${path}: for user ${options.owner}\n`)
  void settling(places, false, stopped)
  await new Promise<void>((resolve) => {
    if (stopped.aborted) resolve()
    stopped.addEventListener('abort', () => resolve(), { once: true })
  })
  server.close()
}

export function keepCommand(firewall: Command): void {
  stateOption(firewall.command('keep').description('keep the confirmed policy at its hours: its rules are loaded anew at each edge of a schedule, and when one expires'))
    .option('--helper <socket>', 'through the helper, without root; flows that only the far side keeps alive are then not cut')
    .option('--json', 'a JSON object a line')
    .addHelpText('after', `
Nobody is asked: it is the policy that was confirmed. Running flows end with the window that let them begin. Without it, or when it is dead, the kernel's own
clock ends what was allowed for a while, for all that begins. Other rules than the confirmed policy's, a panic's for one, are left as they are. An
apply whose applier and watchdog are both dead is rolled back.

Example:
  $ greengate firewall keep`)
    .action(keep)
}

export function helperCommand(firewall: Command): void {
  stateOption(firewall.command('helper').description('the small root program: take compiled rules of the confirmed policy on a socket, and load them; nothing else'))
    .option('--socket <file>', `where it listens (default: ${SOCKET})`)
    .option('--owner <user>', 'who, beside root, may speak to it', 'root')
    .addHelpText('after', `
It refuses text that is not understood to its last word or that is not of our table and chains, a policy that nobody confirmed, and everything while an
apply waits.

Example:
  $ greengate firewall helper --owner greengate
  $ sudo -u greengate greengate firewall keep --helper ${SOCKET}`)
    .action(helper)
}
