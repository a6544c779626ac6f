// What is under way in a worker, judged anew after a reload and at each edge of a schedule. Danger prevented: a tunnel that was asked for
// under the old policy, was still being dialled when the new one came, and is open ever after although the new one forbids it.
import type { Snapshot } from '../decision/snapshot.ts'
import { clientTold } from '../log/privacy.ts'
import type { Privacy } from '../log/privacy.ts'
import type { LiveExchange, LiveTunnel } from '../proxy/gate.ts'
import { Roster } from '../proxy/roster.ts'

/** There may be ten thousand tunnels, and the next client must not wait for all of them. */
const SLICE = 200
const MOST_TOLD = 1_000

export class LiveSet extends Roster<LiveExchange> {
  #snapshot: Snapshot | undefined
  #changedAt = 0

  /** Who joins after a change may have been judged before it. */
  override add(exchange: LiveExchange): void {
    super.add(exchange)
    const snapshot = this.#snapshot
    if (snapshot === undefined) return
    const judged = exchange.judged
    if (judged !== undefined && judged.generation === snapshot.generation && judged.now >= this.#changedAt) return
    setImmediate(() => {
      if (this.has(exchange)) exchange.rejudge(snapshot, Date.now())
    })
  }

  /** The most active of them: whoever looks at ten thousand sees none. */
  tunnels(privacy: Privacy | undefined): readonly LiveTunnel[] {
    const told = (privacy === undefined ? undefined : clientTold(privacy)) ?? ((client: string) => client)
    const open = this.all().flatMap((exchange) => exchange.tunnel?.() ?? [])
    return open.sort((a, b) => b.bytesOut + b.bytesIn - a.bytesOut - a.bytesIn).slice(0, MOST_TOLD).map((each) => ({ ...each, client: told(each.client) }))
  }

  async rejudge(snapshot: Snapshot, now: number): Promise<void> {
    this.#snapshot = snapshot
    this.#changedAt = now
    const all = this.all()
    for (let at = 0; at < all.length; at += SLICE) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve))
      for (const exchange of all.slice(at, at + SLICE)) if (this.has(exchange)) exchange.rejudge(snapshot, now)
    }
  }
}
