// Many tunnels that say nothing, through a gateway in a process of its own: each is kept, others are served meanwhile and in time, one of them still carries what
// is said at last, and when they have ended descriptors and memory are back (wire rule 13, 15, 18). Two hundred by default; the long form is
//   GREENGATE_TUNNELS=10000 node test/wire/limits/idle-tunnels.test.ts
// for which the gateway needs two descriptors a tunnel and its reserve, and clients and origin, each a process of its own, one: `ulimit -n 21000` before it.
// Under a hard limit of 20000 there is room for 9600.
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ask, folderFor, OPEN_POLICY, origin, serve, until } from '../../gateway/process.ts'
import { measure } from '../soak/measure.ts'
import type { ThreadFigures } from '../soak/probe.ts'

const TUNNELS = Number(process.env['GREENGATE_TUNNELS'] ?? 200)
const ROUNDS = 3
/** as many at a time are under way: the kernel's queue of a listener has 511 places */
const AT_ONCE = 100
const MIB = 1 << 20
/** of the gateway, for each: two sockets, their buffers for reading, the exchange */
const OCTETS_EACH = 32 * 1024
/** what tables that grew keep */
const LEFT_EACH = 256
/** what compiled code and the log's buffers make of it */
const NOISE = 12 * MIB

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const PROBE = fileURLToPath(new URL('../soak/probe.ts', import.meta.url))
const LIMITS = `limits: { new-per-second: 100000, new-per-second-per-client: 100000, connections: ${TUNNELS + 100}, tunnels: ${TUNNELS + 100}, connections-per-client: 1000 }\n`

const ECHO = `
  require('net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen({ port: 0, host: '127.0.0.1', backlog: 511 }, function () {
    console.log(this.address().port)
  })`

/** Two hundred a client address: within the default of its tunnels, and of nothing else. */
const from = (index: number): string => `127.1.${Math.floor(index / 200) >> 8}.${(Math.floor(index / 200) & 255) + 1}`

async function open(port: number, to: string, index: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from(index) })
  socket.on('error', () => {})
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`)
  const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(20_000) }) as [Buffer]
  if (!chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`tunnel ${index}: ${chunk.toString('latin1').slice(0, 200)}`)
  return socket
}

/** What is alive in all threads of the gateway, garbage collected: octets of heap and of what it holds outside. */
async function alive(probe: string): Promise<number> {
  const socket = connect(probe)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.write(`${JSON.stringify({ do: 'collect', workers: 1 })}\n`)
  await once(socket, 'end')
  return (JSON.parse(text) as ThreadFigures[]).reduce((sum, { heapUsed, external }) => sum + heapUsed + external, 0)
}

t.test(`${TUNNELS} idle tunnels`, { timeout: 600_000 }, async (t) => {
  t.setTimeout(600_000)
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY + LIMITS })
  const log = join(folder, 'events')
  const probe = join(folder, 'probe')
  const site = await origin(t)
  const echo = spawn(process.execPath, ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => echo.kill('SIGKILL'))
  const [line] = await once(echo.stdout, 'data') as [Buffer]
  const to = `127.0.0.1:${line.toString().trim()}`
  const atRest = measure(echo.pid ?? 0).fds
  const ended = (): boolean => measure(echo.pid ?? 0).fds === atRest
  const running = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--host', '127.0.0.1', '--workers', '1', '--event-log', log],
    { before: ['--import', PROBE, MAIN], env: { GREENGATE_SOAK_PROBE: probe } })
  const url = (path: string): string => `http://127.0.0.1:${site.port}${path}`
  // what is loaded at the first of each kind is no tunnel's
  for (let warm = 0; warm < 50; warm++) {
    await ask(running.port, url('/warm'))
    ;(await open(running.port, to, warm)).destroy()
  }
  await until('the first have ended', ended)

  /** Milliseconds of the slowest of some requests, one after the other. */
  const slowest = async (): Promise<number> => {
    let most = 0
    for (let turn = 0; turn < 20; turn++) {
      const began = performance.now()
      t.equal((await ask(running.port, url(`/meanwhile-${turn}`))).status, 200)
      most = Math.max(most, performance.now() - began)
    }
    return most
  }

  // an idle connection to the site stays in the pool: for a while it counts
  const empty = await alive(probe)
  const before = measure(running.pid)
  for (let round = 0; round < ROUNDS; round++) {
    const held: Socket[] = []
    t.teardown(() => held.forEach((socket) => socket.destroy()))
    const began = performance.now()
    for (let at = 0; at < TUNNELS; at += AT_ONCE) {
      held.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, TUNNELS - at) }, (_, more) => open(running.port, to, at + more))))
    }
    const opened = performance.now() - began
    const full = measure(running.pid)
    const more = await alive(probe) - empty
    t.ok(full.fds >= before.fds + 2 * TUNNELS - 4, `${full.fds} descriptors`)
    t.ok(more < NOISE + TUNNELS * OCTETS_EACH, `${Math.round(more / TUNNELS)} octets each`)
    t.ok(full.rss - before.rss < 64 * MIB + TUNNELS * OCTETS_EACH * 2, `${((full.rss - before.rss) / MIB).toFixed(1)} MiB more`)
    const ms = await slowest()
    t.ok(ms < 1000, `others are served: the slowest of 20 took ${Math.round(ms)} ms`)
    const quiet = measure(running.pid)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const spent = measure(running.pid).cpu - quiet.cpu
    t.ok(spent < 0.5, `idle they cost ${spent.toFixed(2)} s of processor a second`)
    for (const at of [0, TUNNELS >> 1, TUNNELS - 1]) {
      const socket = held[at] as Socket
      socket.write(`word ${at}`)
      const [heard] = await once(socket, 'data', { signal: AbortSignal.timeout(5000) }) as [Buffer]
      t.equal(heard.toString(), `word ${at}`, 'a tunnel carries what is said at last')
    }
    // each manner of ending: in order, by a reset, and all at once
    const ending = performance.now()
    for (const [at, socket] of held.entries()) {
      if (at % 3 === 0) socket.end()
      else if (at % 3 === 1) socket.resetAndDestroy()
      else socket.destroy()
    }
    await until('no tunnel is left at the origin', ended, 60_000)
    await until('the descriptors are back', () => measure(running.pid).fds <= before.fds + 4, 60_000)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const left = await alive(probe) - empty
    t.ok(left < NOISE + TUNNELS * LEFT_EACH, `the memory is back: ${left} octets are left`)
    t.comment(`round ${round + 1}: opened in ${(opened / 1000).toFixed(2)} s, ended in ${((performance.now() - ending) / 1000).toFixed(2)} s, ${(more / TUNNELS / 1024).toFixed(1)} KiB alive each and ${((full.rss - before.rss) / MIB).toFixed(1)} MiB more resident, slowest request ${Math.round(ms)} ms`)
  }
  const all = 50 + ROUNDS * TUNNELS
  let records: Record<string, unknown>[] = []
  await until('each tunnel is told', () => {
    records = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter((line) => line.includes('"CONNECT"')).map((line) => JSON.parse(line) as Record<string, unknown>) : []
    return records.length >= all
  }, 30_000)
  t.equal(records.length, all, 'once')
  const after = measure(running.pid)
  t.comment(`at the end ${(after.rss / MIB).toFixed(0)} MiB and ${after.fds} descriptors; at the start ${(before.rss / MIB).toFixed(0)} MiB and ${before.fds}`)
  t.same([running.child.exitCode, running.stderr().split('\n').length], [null, 2], running.stderr())
})
