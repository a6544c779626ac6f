// The gateway under the soak: `greengate serve` as anybody starts it, in a process of its own, with warnings traced and the probe beside it. What it says
// on standard error is read to the end: a warning there is a finding.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { KILLED } from './probe.ts'
import type { ProbeAsk, ThreadFigures } from './probe.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const PROBE = fileURLToPath(new URL('./probe.ts', import.meta.url))
const START_MS = 60_000

/** What the gateway tells a person when it does what it was asked for. */
const EXPECTED = [
  /^greengate \S+: policy .* listening on /,
  /^greengate: the new policy is not loaded, generation \d+ stays in force:/,
  new RegExp(`^greengate: worker \\d+ ended: (?:Error: ${KILLED}|it ended)`),
  /^greengate: SIGTERM: no new connections/,
]
const NEVER = /\(node:\d+\)|Warning:|MaxListeners|[Uu]nhandled|DeprecationWarning|FATAL|assert/

export class GatewayProcess {
  readonly child: ChildProcess
  readonly #probePath: string
  readonly #workers: number
  #stderr = ''
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>

  constructor(args: readonly string[], probePath: string, workers: number) {
    this.#probePath = probePath
    this.#workers = workers
    const { NODE_OPTIONS: _hooks, ...env } = process.env
    this.child = spawn(process.execPath, ['--trace-warnings', '--import', PROBE, MAIN, 'serve', '--workers', String(workers), ...args], {
      // as the launcher and `npm start` have it
      env: { MALLOC_MMAP_THRESHOLD_: '131072', ...env, GREENGATE_SOAK_PROBE: probePath }, stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
    const left = (): void => void this.child.kill('SIGKILL')
    process.once('exit', left)
    this.child.once('close', () => process.removeListener('exit', left))
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })))
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async listening(): Promise<void> {
    const limit = performance.now() + START_MS
    while (!/^greengate [^\n]*listening on /m.test(this.#stderr)) {
      if (!this.alive || performance.now() > limit) throw new Error(`the gateway does not start: ${this.#stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** What of its standard error nobody expects. */
  unexpected(): string[] {
    const blocks = this.#stderr.split(/^(?=greengate[ :])/m).filter((block) => block.trim() !== '')
    return blocks.filter((block) => NEVER.test(block) || !EXPECTED.some((pattern) => pattern.test(block)))
  }

  probe(ask: ProbeAsk): Promise<readonly ThreadFigures[]> {
    const workers = ask.do === 'throw' || ask.do === 'exit' ? 0 : this.#workers
    return new Promise((resolve, reject) => {
      const socket = connect(this.#probePath)
      let text = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk: string) => (text += chunk))
      socket.on('error', reject)
      socket.on('end', () => resolve(JSON.parse(text) as readonly ThreadFigures[]))
      socket.write(`${JSON.stringify({ ...ask, workers })}\n`)
    })
  }

  async end(): Promise<void> {
    if (this.alive) this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 30_000)
    await this.ended
    clearTimeout(timer)
  }
}
