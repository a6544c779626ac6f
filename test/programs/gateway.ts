// The real thing for tests with real programs: `greengate serve` in a process of its own, with a policy written for the test, and
// the records that it wrote.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const ROOT = join(import.meta.dirname, '..', '..')
const READY_MS = 20_000

/** What a test asks of a line of the event log; the other fields are there too. */
export interface LogLine {
  readonly method?: string
  readonly target?: string
  readonly verdict?: string
  readonly rule?: string
  readonly status?: number
  readonly [field: string]: unknown
}

export interface RunningGateway {
  readonly port: number
  /** http://127.0.0.1:port */
  readonly url: string
  readonly pid: number
  /** the records written up to now, once `enough` says yes of them (or five seconds have passed) */
  records(enough?: (records: readonly LogLine[]) => boolean): Promise<readonly LogLine[]>
  stop(): Promise<void>
}

interface Stage {
  teardown(after: () => unknown): unknown
}

/** Serves a policy (its text, or a file) on a free port of 127.0.0.1, or of `hosts`, until the test is over. */
export async function startGateway(t: Stage, policy: string | { readonly file: string }, hosts: readonly string[] = ['127.0.0.1']): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'greengate-test-'))
  const policyFile = typeof policy === 'string' ? join(folder, 'policy.yaml') : policy.file
  const eventLog = join(folder, 'events.jsonl')
  if (typeof policy === 'string') writeFileSync(policyFile, policy)
  writeFileSync(eventLog, '')
  const port = await freePort()
  // without the hooks that the test runner hands on to every Node below it
  const args = [
    '-u', 'NODE_OPTIONS', process.execPath, join(ROOT, 'src', 'main.ts'), 'serve', '--policy', policyFile, ...hosts.flatMap((host) => ['--host', host]), '--port', String(port),
    '--workers', '1', '--event-log', eventLog, '--pid-file', join(folder, 'greengate.pid'),
  ]
  const child = spawn('env', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))

  const stop = async (): Promise<void> => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  t.teardown(stop)
  await answering(child, port, () => said)

  const written = (): LogLine[] => {
    const lines = readFileSync(eventLog, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as LogLine).filter((line) => line.verdict !== undefined)
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async records(enough = () => true) {
      const until = Date.now() + 5_000
      while (!enough(written()) && Date.now() < until) await sleep(25)
      return written()
    },
    stop,
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port')
  return address.port
}

async function answering(child: ChildProcess, port: number, said: () => string): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`greengate ended (${child.exitCode ?? child.signalCode}):\n${said()}`)
    if (await connects('127.0.0.1', port, 1_000)) return
    await sleep(50)
  }
  throw new Error(`greengate does not answer on port ${port} after ${READY_MS} ms:\n${said()}`)
}

/** Whether somebody listens there. */
export async function connects(host: string, port: number, timeoutMs: number): Promise<boolean> {
  const socket = net.connect({ host, port })
  const timer = setTimeout(() => socket.destroy(new Error('too slow')), timeoutMs)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** A second SIGTERM ends a gateway that still drains; nothing of it outlives its test. */
async function end(child: ChildProcess): Promise<void> {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null
  for (const [signal, patienceMs] of [['SIGTERM', 2_000], ['SIGTERM', 2_000], ['SIGKILL', 5_000]] as const) {
    if (ended()) return
    child.kill(signal)
    await Promise.race([once(child, 'exit'), sleep(patienceMs, undefined, { ref: false })])
  }
}
