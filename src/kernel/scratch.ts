// A network namespace to try rules in before the machine gets them, gone when it is closed or this process dies. Danger prevented: a check
// that passes what the kernel then refuses: `iptables-restore --test` does so for ten faults of nineteen, `nft -c` for loops of chains.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { runTool } from './tool.ts'
import type { Runner } from './tool.ts'

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

  readonly run: Runner = (command, args, input) => runTool('nsenter', [...this.#enter, '--', command, ...args], input)

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin?.end()
    await ended
  }
}
