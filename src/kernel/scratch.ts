// A network namespace to try rules in before the machine gets them, gone when it is closed or this process dies. Danger prevented: a check
// that passes what the kernel then refuses: `iptables-restore --test` does so for ten faults of nineteen, `nft -c` for loops of chains.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { runTool } from './tool.ts'
import type { Runner } from './tool.ts'

/** Of a shell, and of nsenter. */
const NO_SUCH_PROGRAM = 127

export class Scratch {
  readonly #holder: ChildProcess
  readonly #enter: readonly string[]

  private constructor(holder: ChildProcess, enter: readonly string[]) {
    this.#holder = holder
    this.#enter = enter
  }

  /** undefined: this machine, or this user, may make none. */
  static async open(): Promise<Scratch | undefined> {
    const root = process.getuid?.() === 0
    // `cat` answers once it is inside, and ends when we do: its input is ours
    const holder = spawn('unshare', [root ? '-n' : '-Urn', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' })
    holder.stdin.on('error', () => {})
    const ready = new Promise<boolean>((resolve) => {
      holder.on('error', () => resolve(false))
      holder.on('exit', () => resolve(false))
      holder.stdout.once('data', () => resolve(true))
    })
    holder.stdin.write('.')
    if (!(await ready) || holder.pid === undefined) return undefined
    const net = `--net=/proc/${holder.pid}/ns/net`
    return new Scratch(holder, root ? [net] : [`--user=/proc/${holder.pid}/ns/user`, '--preserve-credentials', net])
  }

  /** What names this namespace to `ip link ... netns`. */
  get pid(): number {
    return this.#holder.pid ?? -1
  }

  /** The words that start a program inside. */
  inside(command: string, args: readonly string[]): readonly [command: string, args: readonly string[]] {
    return ['nsenter', [...this.#enter, '--', command, ...args]]
  }

  readonly run: Runner = async (command, args, input) => {
    const ran = await runTool('nsenter', [...this.#enter, '--', command, ...args], input)
    // a machine that has nft alone, or iptables alone, is none on which a tool failed
    return ran.code === NO_SUCH_PROGRAM && ran.err.startsWith('nsenter: failed to execute ') ? { ...ran, code: -1, err: `${command} is not installed`, missing: true } : ran
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin?.end()
    await ended
  }
}
