// The load generator and the origin: compiled from C where a compiler is, else run by this Node; and the processors that each side is kept to.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onEnd } from './undo.ts'

const HERE = import.meta.dirname

export interface Outcome {
  readonly done: number
  readonly failed: number
  readonly bytes: number
  readonly seconds: number
  /** µs */
  readonly p50: number
  readonly p99: number
  /** of the first failure */
  readonly why: string
}

export function has(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', command], { stdio: 'ignore' }).status === 0
}

/** `0-3,8` of proc(5) as numbers. */
function allowed(): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

export interface Places {
  readonly proxy: readonly string[]
  readonly tools: readonly string[]
  readonly told: string
}

/** A processor a worker for the proxies, another one for load and origin; where there are too few, none is kept to any. */
export function places(workers: number): Places {
  const cpus = allowed()
  if (!has('taskset')) return { proxy: [], tools: [], told: 'no process is pinned (no taskset)' }
  if (cpus.length <= workers) return { proxy: [], tools: [], told: `no process is pinned (${cpus.length} cpus for ${workers} workers and the load)` }
  const proxy = cpus.slice(0, workers).join(',')
  const tools = cpus.slice(workers, workers + 2).join(',')
  return { proxy: ['taskset', '-c', proxy], tools: ['taskset', '-c', tools], told: `proxies on cpu ${proxy}, load and origin on ${tools}` }
}

export class Tools {
  readonly kind: 'c' | 'ts'
  readonly origins: readonly number[]
  readonly target: string
  readonly #load: readonly string[]
  readonly #origin: ChildProcess

  private constructor(kind: 'c' | 'ts', origin: ChildProcess, load: readonly string[], origins: readonly number[], target: string) {
    this.kind = kind
    this.#origin = origin
    this.#load = load
    this.origins = origins
    this.target = target
  }

  static async start(folder: string, { tools: pin }: Places, wanted: 'c' | 'ts' | undefined): Promise<Tools> {
    const compiler = ['cc', 'gcc', 'clang'].find(has)
    const kind = wanted ?? (compiler === undefined ? 'ts' : 'c')
    const command = (name: string): readonly string[] => {
      if (kind === 'ts') return [...pin, process.execPath, join(HERE, `${name}.ts`)]
      const file = join(folder, name)
      const made = spawnSync(compiler ?? 'cc', ['-O2', '-o', file, join(HERE, `${name}.c`)], { encoding: 'utf8' })
      if (made.status !== 0) throw new Error(`test/bench/${name}.c does not compile: ${made.error?.message ?? made.stderr}\n  --generator ts needs no compiler`)
      return [...pin, file]
    }
    const [first = '', ...words] = command('origin')
    // it ends when its input does: also when we are killed
    const origin = spawn(first, [...words, '4'], { stdio: ['pipe', 'pipe', 'inherit'], env: plainEnv() })
    onEnd(() => origin.kill('SIGKILL'))
    const lines = createInterface(origin.stdout)
    const line: string = await Promise.race([once(lines, 'line').then(([text]) => String(text)), once(origin, 'exit').then(() => '')])
    if (!line.startsWith('ports ')) throw new Error('the origin does not start')
    return new Tools(kind, origin, command('load'), line.slice('ports '.length).split(',').map(Number), targetName())
  }

  #words(words: readonly string[], port: number): readonly string[] {
    const ports = words[0] === 'connect' || words[0] === 'idle' ? this.origins : this.origins.slice(0, 1)
    return [...this.#load, ...words, `port=${port}`, `target=${this.target}`, `ports=${ports.join(',')}`]
  }

  /** `opened` is called while the tunnels of `idle` stand open. */
  async load(words: readonly string[], port: number, opened?: () => Promise<void>): Promise<Outcome> {
    const [command = '', ...rest] = this.#words(words, port)
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: plainEnv() })
    const undo = onEnd(() => child.kill('SIGKILL'))
    let last = ''
    for await (const line of createInterface(child.stdout)) {
      last = line
      if (!line.startsWith('ready ')) continue
      await opened?.()
      child.stdin.end('\n')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    undo.forget()
    const { exitCode, signalCode } = this.#origin
    if (exitCode !== null || signalCode !== null) throw new Error(`the origin is gone (${exitCode ?? signalCode}): no figure of this run counts`)
    if (!last.startsWith('{')) throw new Error(`the load generator ended with ${child.exitCode ?? child.signalCode} and said: ${last}`)
    return JSON.parse(last) as Outcome
  }
}

/** What the tests set for their own processes is none of the measured. */
export function plainEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _hooks, ...env } = process.env
  return env
}

/** A name costs a look-up, as traffic does: `origin.test` where the hosts file has it, else the one name that is everywhere. */
function targetName(): string {
  const lines = readFileSync('/etc/hosts', 'latin1').split('\n')
  return lines.some((line) => /^127\.0\.0\.1\s/.test(line) && line.replace(/#.*/, '').split(/\s+/).includes('origin.test')) ? 'origin.test' : 'localhost'
}
