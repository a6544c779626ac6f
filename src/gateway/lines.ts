// One line each way over a socket with a name in the file system. Danger prevented: a name that is longer than the kernel takes, and a peer that sends
// without end.
import { closeSync, constants, openSync } from 'node:fs'
import { connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import { basename, dirname } from 'node:path'

/** The kernel's sun_path, with its final NUL. */
const PATH_BYTES = 108

/** A longer path is named through a descriptor of its folder. */
export function withPath<T>(path: string, use: (path: string) => T): T {
  if (Buffer.byteLength(path) < PATH_BYTES) return use(path)
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return use(`/proc/self/fd/${folder}/${basename(path)}`)
  } finally {
    closeSync(folder)
  }
}

export function readLine(socket: Socket, most: number): Promise<string> {
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

/** Asks one thing and waits for the answer. */
export async function askLine(path: string, ask: unknown, most: number): Promise<unknown> {
  const socket = withPath(path, (short) => connect(short))
  const answer = readLine(socket, most)
  socket.write(`${JSON.stringify(ask)}\n`)
  try {
    return JSON.parse(await answer) as unknown
  } finally {
    socket.destroy()
  }
}

/** Mode 0600 from its first moment on: bound within this call, there is no moment at which others could connect. */
export function listenPrivately(server: Server, path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.on('listening', () => resolve(server))
    const before = process.umask(0o177)
    try {
      withPath(path, (short) => server.listen(short))
    } finally {
      process.umask(before)
    }
  })
}
