// The control socket beside the PID file, both its ends: one JSON line asks, one JSON line answers. Mode 0600, so that only who may
// signal the gateway may speak to it. It is the gateway's lock as well: while it answers, the PID file is no stale one.
import { lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Diagnostic } from '../policy/diagnostic.ts'
import { askLine, listenPrivately, readLine, withPath } from './lines.ts'
import type { KeptList, UpdateAnswer } from './list-keeper.ts'
import type { LiveTunnel } from '../proxy/gate.ts'
import type { Figures } from './stats.ts'

export interface ReloadAnswer {
  readonly ok: boolean
  /** of the policy now in force: the new one, or the old one where `ok` is false */
  readonly generation: number
  readonly hash: string
  readonly diagnostics: readonly Diagnostic[]
  /** what the new policy asks for that only a restart brings */
  readonly notes: readonly string[]
}

export interface StatusAnswer {
  readonly pid: number
  /** absolute */
  readonly file: string
  readonly policy: string
  readonly generation: number
  readonly hash: string
  /** the port in use */
  readonly port: number
  /** where the requests are told: absolute, where they are files */
  readonly store?: string
  readonly eventLog?: string
}

export type ControlAsk =
  | { readonly command: 'reload' }
  | { readonly command: 'status' }
  | { readonly command: 'figures' }
  | { readonly command: 'tunnels' }
  | { readonly command: 'lists' }
  /** empty: all that have a `url` */
  | { readonly command: 'update-lists'; readonly names: readonly string[] }
  /** load the policy anew, and remember the one before until `settle`, or a load */
  | { readonly command: 'trial' }
  | { readonly command: 'settle' }
  /** back to what `trial` replaced; where that is not known any more, to this policy */
  | { readonly command: 'revert'; readonly hash?: string; readonly text?: string }

/** What the gateway does when it is asked. */
export interface ControlActions {
  reload(): Promise<ReloadAnswer>
  trial(): Promise<ReloadAnswer>
  settle(): Promise<ReloadAnswer>
  revert(hash: string | undefined, text: string | undefined): Promise<ReloadAnswer>
  status(): Promise<StatusAnswer>
  figures(): Promise<Figures>
  readonly workers: { tunnels(): Promise<readonly LiveTunnel[]> }
  lists(): Promise<readonly KeptList[]>
  updateLists(names: readonly string[]): Promise<UpdateAnswer>
}

/** A policy's text may be in it. */
const MOST_ASK = 64 << 20
const MOST_ANSWER = 64 << 20
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

async function answerTo(ask: unknown, actions: ControlActions): Promise<ReloadAnswer | StatusAnswer | Figures | readonly LiveTunnel[] | readonly KeptList[] | UpdateAnswer | { readonly error: string }> {
  const said: Readonly<Record<string, unknown>> = isRecord(ask) ? ask : {}
  switch (said['command']) {
    case 'reload': return actions.reload()
    case 'trial': return actions.trial()
    case 'settle': return actions.settle()
    case 'status': return actions.status()
    case 'figures': return actions.figures()
    case 'tunnels': return actions.workers.tunnels()
    case 'lists': return actions.lists()
    case 'update-lists': {
      const { names } = said
      return actions.updateLists(Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [])
    }
    case 'revert': {
      const { hash, text } = said
      return actions.revert(typeof hash === 'string' ? hash : undefined, typeof text === 'string' ? text : undefined)
    }
    default: return { error: 'no such command' }
  }
}

async function serveOne(socket: Socket, actions: ControlActions): Promise<void> {
  try {
    const ask: unknown = JSON.parse(await readLine(socket, MOST_ASK))
    socket.end(`${JSON.stringify(await answerTo(ask, actions))}\n`)
  } catch {
    socket.destroy()
  }
}

/** Whether a gateway answers there. */
export function controlAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = withPath(path, (short) => connect(short))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // who may not connect cannot know; what cannot be known is taken for alive
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES' || error.code === 'EPERM'))
  })
}

/** A socket whose owner is gone is removed; anything else that stands at the name is left there and is an error. */
export async function listenControl(path: string, actions: ControlActions): Promise<Server> {
  const stands = lstatSync(path, { throwIfNoEntry: false })
  if (stands !== undefined) {
    if (!stands.isSocket()) throw new Error(`${path} is no socket; remove it`)
    if (await controlAnswers(path)) throw new Error(`another gateway answers at ${path}`)
    unlinkSync(path)
  }
  // who asks may end its side at once (`echo ... | nc`), and still gets its answer
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    void serveOne(socket, actions)
  })
  return listenPrivately(server, path)
}

const STRANGER = 'the gateway did not understand: is it another version?'

export async function askControl(path: string, ask: Exclude<ControlAsk, { readonly command: 'status' | 'figures' | 'tunnels' | 'lists' | 'update-lists' }>): Promise<ReloadAnswer> {
  const answer = await askLine(path, ask, MOST_ANSWER)
  if (isRecord(answer) && 'generation' in answer && 'ok' in answer) return answer as unknown as ReloadAnswer
  throw new Error(STRANGER)
}

export async function askStatus(path: string): Promise<StatusAnswer> {
  const answer = await askLine(path, { command: 'status' }, MOST_ANSWER)
  if (isRecord(answer) && 'file' in answer && 'port' in answer) return answer as unknown as StatusAnswer
  throw new Error(STRANGER)
}

export async function askFigures(path: string): Promise<Figures> {
  const answer = await askLine(path, { command: 'figures' }, MOST_ANSWER)
  if (isRecord(answer) && 'requests' in answer && 'workers' in answer) return answer as unknown as Figures
  throw new Error(STRANGER)
}

export async function askTunnels(path: string): Promise<readonly LiveTunnel[]> {
  const answer = await askLine(path, { command: 'tunnels' }, MOST_ANSWER)
  if (Array.isArray(answer)) return answer as readonly LiveTunnel[]
  throw new Error(STRANGER)
}

export async function askLists(path: string): Promise<readonly KeptList[]> {
  const answer = await askLine(path, { command: 'lists' }, MOST_ANSWER)
  if (Array.isArray(answer)) return answer as readonly KeptList[]
  throw new Error(STRANGER)
}

export async function askUpdate(path: string, names: readonly string[]): Promise<UpdateAnswer> {
  const answer = await askLine(path, { command: 'update-lists', names }, MOST_ANSWER)
  if (isRecord(answer) && 'lists' in answer && 'ok' in answer) return answer as unknown as UpdateAnswer
  throw new Error(STRANGER)
}
