// Judges anew what is under way: after a reload, and at each edge of a schedule. In slices, since there may be ten thousand tunnels and the
// next client must not wait for all of them.
import type { Snapshot } from '../decision/snapshot.ts'
import type { LiveExchange } from '../proxy/gate.ts'

const SLICE = 200

export async function rejudgeAll(live: ReadonlySet<LiveExchange>, snapshot: Snapshot, now: number): Promise<void> {
  const all = [...live]
  for (let at = 0; at < all.length; at += SLICE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    for (const exchange of all.slice(at, at + SLICE)) if (live.has(exchange)) exchange.rejudge(snapshot, now)
  }
}
