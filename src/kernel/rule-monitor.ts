// Tells when somebody changes the packet filter: the kernel's own events, as `nft monitor` hands them on; rules that iptables puts into nf_tables among
// them. What changed is for the reader to look up. Danger prevented: a drift that is seen at the next look, minutes later.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { toolEnvironment } from './tool-environment.ts'

export class RuleMonitor {
  readonly #child: ChildProcess
  #alive = true

  /** `changed`: something did; `ended`: no more is told. */
  constructor(changed: () => void, ended: () => void) {
    this.#child = spawn('nft', ['-j', 'monitor', 'ruleset'], { stdio: ['ignore', 'pipe', 'ignore'], env: toolEnvironment(), cwd: '/' })
    this.#child.stdout?.on('data', () => changed())
    const over = (): void => {
      if (!this.#alive) return
      this.#alive = false
      ended()
    }
    this.#child.on('error', over)
    this.#child.on('exit', over)
  }

  get alive(): boolean {
    return this.#alive
  }

  stop(): void {
    this.#alive = false
    this.#child.kill('SIGTERM')
  }
}
