// What the decision must know of the machine that it runs on: its own addresses, which the guard closes, and the port in use.
// Danger prevented: a proxy that fetches from itself, its console or its neighbour daemon because nobody told the judge who it is.
import type { Ip } from '../net/ip.ts'

export interface Machine {
  /** of every interface, loopback included */
  readonly addresses: readonly Ip[]
  /** the port that is listened on, whatever the file says */
  readonly proxyPort: number
}
