// Tells when somebody changes the packet filter: the kernel's own events, as `nft monitor` hands them on; rules that iptables puts into nf_tables among
// them. What changed is for the reader to look up. Danger prevented: a drift that is seen at the next look, minutes later.
import type { ChildProcess } from 'node:child_process'
import { companion } from './companion.ts'

export class RuleMonitor {
  readonly #child: ChildProcess
  #alive = true

  /** `changed`: something did; `ended`: no more is told. */
  constructor(changed: () => void, ended: () => void) {
    const child = companion('nft', ['-j', 'monitor', 'ruleset'])
    this.#child = child
    child.stdout.on('data', () => changed())
    child.stderr.resume()
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
