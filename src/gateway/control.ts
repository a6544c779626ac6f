// The control socket beside the PID file, both its ends: one JSON line asks, one JSON line answers. Mode 0600, so that only who may
// signal the gateway may speak to it. It is the gateway's lock as well: while it answers, the PID file is no stale one.
import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import type { Diagnostic } from '../policy/diagnostic.ts'

export interface ReloadAnswer {
  readonly ok: boolean
  /** of the policy now in force: the new one, or the old one where `ok` is false */
  readonly generation: number
  readonly hash: string
  readonly diagnostics: readonly Diagnostic[]
  /** what the new policy asks for that only a restart brings */
  readonly notes: readonly string[]
}

export interface ControlAsk {
  readonly command: 'reload'
}

const MOST_ASK = 4_096
const MOST_ANSWER = 64 << 20
/** The kernel's sun_path, with its final NUL. */
const PATH_BYTES = 108

/** A longer path is named through a descriptor of its folder. */
function withPath<T>(path: string, use: (path: string) => T): T {
  if (Buffer.byteLength(path) < PATH_BYTES) return use(path)
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return use(`/proc/self/fd/${folder}/${basename(path)}`)
  } finally {
    closeSync(folder)
  }
}

function readLine(socket: Socket, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
      else if (text.length > most) reject(new Error('the line is too long'))
    })
    socket.on('error', reject)
    for (const event of ['end', 'close']) socket.on(event, () => reject(new Error('the other end closed without a word')))
  })
}

async function serveOne(socket: Socket, reload: () => Promise<ReloadAnswer>): Promise<void> {
  try {
    const ask: unknown = JSON.parse(await readLine(socket, MOST_ASK))
    const command = typeof ask === 'object' && ask !== null && 'command' in ask ? ask.command : undefined
    socket.end(`${JSON.stringify(command === 'reload' ? await reload() : { error: 'no such command' })}\n`)
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
export async function listenControl(path: string, reload: () => Promise<ReloadAnswer>): Promise<Server> {
  const stands = lstatSync(path, { throwIfNoEntry: false })
  if (stands !== undefined) {
    if (!stands.isSocket()) throw new Error(`${path} is no socket; remove it`)
    if (await controlAnswers(path)) throw new Error(`another gateway answers at ${path}`)
    unlinkSync(path)
  }
  // who asks may end its side at once (`echo ... | nc`), and still gets its answer
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    void serveOne(socket, reload)
  })
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.on('listening', () => resolve(server))
    // bound within this call: there is no moment at which others could connect
    const before = process.umask(0o177)
    try {
      withPath(path, (short) => server.listen(short))
    } finally {
      process.umask(before)
    }
  })
}

export async function askControl(path: string, ask: ControlAsk): Promise<ReloadAnswer> {
  const socket = withPath(path, (short) => connect(short))
  const answer = readLine(socket, MOST_ANSWER)
  socket.write(`${JSON.stringify(ask)}\n`)
  try {
    const parsed: unknown = JSON.parse(await answer)
    if (typeof parsed === 'object' && parsed !== null && 'generation' in parsed) return parsed as ReloadAnswer
    throw new Error('the gateway did not understand: is it another version?')
  } finally {
    socket.destroy()
  }
}
