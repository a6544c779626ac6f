// One proxy under measurement: prepared, started in a group of its own, kept to its processor, ended. Ours is started as a user starts it, by the
// command that package.json names.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeMeter, memoryOf, workerTimes } from './meter.ts'
import type { Meter } from './meter.ts'
import { policyFile } from './policies.ts'
import type { Peer, Place } from './peers.ts'
import { plainEnv } from './tools.ts'
import { onEnd } from './undo.ts'

export interface Plan {
  readonly title: string
  readonly settleMs: number
  readonly workers: number
  readonly prepare: (place: Place) => Promise<readonly string[]>
}

const START_MS = 60_000
const END_MS = 3_000
const LOOK_MS = 50
const LOOKS = 40
const STILL = new Int32Array(new SharedArrayBuffer(4))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function peerPlan(peer: Peer, version: string): Plan {
  return { title: `${peer.title} ${version}`, settleMs: peer.settleMs, workers: 1, prepare: async (place) => peer.prepare(place) }
}

export interface OwnPlan {
  readonly title: string
  /** the checkout */
  readonly root: string
  readonly policy: string
  readonly workers: number
  readonly events: boolean
  readonly store: boolean
  readonly target: string
}

export function ownPlan({ title, root, policy, workers, events, store, target }: OwnPlan): Plan {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly bin: Readonly<Record<string, string>> }
  const program = join(root, manifest.bin['greengate'] ?? '')
  return {
    title,
    settleMs: 2_000,
    workers,
    async prepare({ folder, port }) {
      const file = await policyFile(policy, folder, target)
      return [process.execPath, program, 'serve', '--policy', file, '--host', '127.0.0.1', '--port', `${port}`, '--workers', `${workers}`,
        '--pid-file', join(folder, 'greengate.pid'), '--access-log', join(folder, 'access.log'), '--event-log', events ? join(folder, 'events.jsonl') : 'none', ...(store ? ['--store', join(folder, 'store.db')] : [])]
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}

export class Contender {
  readonly title: string
  readonly port: number
  readonly #child: ChildProcess
  readonly #meter: Meter
  readonly #undo: { forget(): void }

  private constructor(title: string, port: number, child: ChildProcess, meter: Meter) {
    this.title = title
    this.port = port
    this.#child = child
    this.#meter = meter
    this.#undo = onEnd(() => {
      if (!this.#gone()) this.#kill('SIGKILL')
      // no event comes any more: the dead are waited for by looking, since they hold their group
      for (let look = 0; look < LOOKS && meter.pids(child.pid ?? 0).length > 0; look++) Atomics.wait(STILL, 0, 0, LOOK_MS)
      meter.close()
    })
  }

  /** Throws with what the proxy said when it does not come to answer. */
  static async start(plan: Plan, base: { readonly folder: string; readonly origins: readonly number[]; readonly hosts: string; readonly pin: readonly string[] }): Promise<Contender> {
    const { folder, origins, hosts, pin } = base
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
    const port = await freePort()
    const words = await plan.prepare({ folder, port, origins, hosts })
    const meter = makeMeter()
    const said = join(folder, 'said')
    const out = openSync(said, 'w')
    const [command = '', ...rest] = [...meter.prefix, ...pin, ...words]
    // a group of its own: an interrupt at the terminal is ours to pass on, when the figures are safe
    const child = spawn(command, rest, { cwd: folder, stdio: ['ignore', out, out], env: plainEnv(), detached: true })
    closeSync(out)
    child.on('error', () => child.kill())
    const contender = new Contender(plan.title, port, child, meter)
    const limit = performance.now() + START_MS
    while (!(await answers(port))) {
      if (!contender.#ended() && performance.now() < limit) {
        await pause(LOOK_MS)
        continue
      }
      await contender.stop()
      throw new Error(readFileSync(said, 'latin1').trim().split('\n').slice(-3).join(' / ') || `it ended with ${child.exitCode ?? child.signalCode ?? 'nothing'}`)
    }
    return contender
  }

  /** milliseconds of processor since its start */
  cpu(): number {
    return this.#meter.cpu(this.#child.pid ?? 0)
  }

  memory(): number | undefined {
    return memoryOf(this.#meter.pids(this.#child.pid ?? 0))
  }

  workers(): ReadonlyMap<string, number> {
    return workerTimes(this.#meter.pids(this.#child.pid ?? 0))
  }

  #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #kill(signal: NodeJS.Signals): void {
    const pid = this.#child.pid
    if (pid === undefined) return
    for (const each of [-pid, ...this.#meter.pids(pid)]) {
      try {
        process.kill(each, signal)
      } catch {
        // it has ended by itself
      }
    }
  }

  #gone(): boolean {
    return this.#ended() && this.#meter.pids(this.#child.pid ?? 0).length === 0
  }

  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (this.#gone()) break
      this.#kill(signal)
      const limit = performance.now() + END_MS
      while (!this.#gone() && performance.now() < limit) await pause(LOOK_MS)
    }
    this.#meter.close()
    this.#undo.forget()
  }
}
