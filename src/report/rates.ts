// What happens now: the requests of the last seconds by client, site, rule and denial, and how fast each open tunnel flows. Pure: times are handed in.
// Danger prevented: a live view whose memory grows with the traffic that it shows.
import type { Fact } from './fact.ts'
import { siteOf } from './site.ts'

export interface Rate {
  readonly key: string
  /** of the window */
  readonly requests: number
  readonly bytes: number
  readonly denied: number
}

export interface TunnelRate {
  readonly client: string
  readonly target: string
  readonly rule: string
  /** octets a second, of both directions */
  readonly perSecond: number
  readonly bytes: number
  readonly seconds: number
}

export interface OpenTunnel {
  readonly id: string
  readonly client: string
  readonly target: string
  readonly rule: string
  readonly since: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Requests of the window that are kept; of more the oldest are forgotten. */
const MOST = 50_000

type Seen = Pick<Fact, 'client' | 'host' | 'rule' | 'verdict' | 'target' | 'bytesIn' | 'bytesOut'> & { readonly at: number }

export interface Picture {
  readonly seconds: number
  readonly total: Rate
  readonly clients: readonly Rate[]
  readonly sites: readonly Rate[]
  readonly rules: readonly Rate[]
  readonly denials: readonly Rate[]
  readonly tunnels: readonly TunnelRate[]
}

export class Rates {
  readonly #windowMs: number
  readonly #began: number
  #seen: Seen[] = []
  #before = new Map<string, number>()
  #beforeAt = 0
  #tunnels: readonly TunnelRate[] = []

  constructor(windowMs: number, now: number) {
    this.#windowMs = windowMs
    this.#began = now
  }

  /** `at`: when it was seen, which is when it was over. */
  add({ client, host, rule, verdict, target, bytesIn, bytesOut }: Fact, at: number): void {
    this.#seen.push({ client, host, rule, verdict, target, bytesIn, bytesOut, at })
    if (this.#seen.length > MOST * 2) this.#seen = this.#seen.slice(-MOST)
  }

  /** Those that are open, with what has flowed: the rate is from one call to the next. */
  open(tunnels: readonly OpenTunnel[], now: number): void {
    const seconds = (now - this.#beforeAt) / 1000
    const before = this.#before
    this.#tunnels = tunnels.map(({ id, client, target, rule, since, bytesIn, bytesOut }) => {
      const bytes = bytesIn + bytesOut
      // one that is new has flowed since its begin
      const span = before.has(id) ? seconds : Math.max(0.001, (now - since) / 1000)
      return { client, target, rule, bytes, perSecond: Math.max(0, bytes - (before.get(id) ?? 0)) / span, seconds: Math.max(0, (now - since) / 1000) }
    }).sort((a, b) => b.perSecond - a.perSecond || b.bytes - a.bytes)
    this.#before = new Map(tunnels.map(({ id, bytesIn, bytesOut }) => [id, bytesIn + bytesOut]))
    this.#beforeAt = now
  }

  picture(now: number): Picture {
    const from = now - this.#windowMs
    this.#seen = this.#seen.filter(({ at }) => at >= from)
    const all = this.#seen
    const by = (key: (seen: Seen) => string, of = all): readonly Rate[] => {
      const found = new Map<string, { key: string; requests: number; bytes: number; denied: number }>()
      for (const seen of of) {
        const name = key(seen)
        const rate = found.get(name) ?? { key: name, requests: 0, bytes: 0, denied: 0 }
        rate.requests += 1
        rate.bytes += seen.bytesIn + seen.bytesOut
        if (seen.verdict === 'deny') rate.denied += 1
        found.set(name, rate)
      }
      return [...found.values()].sort((a, b) => b.requests - a.requests || b.bytes - a.bytes || (a.key < b.key ? -1 : 1))
    }
    return {
      seconds: Math.max(1, Math.min(this.#windowMs, now - this.#began) / 1000), total: by(() => 'total')[0] ?? { key: 'total', requests: 0, bytes: 0, denied: 0 },
      clients: by(({ client }) => client), sites: by(({ host }) => siteOf(host)), rules: by(({ rule }) => rule),
      denials: by(({ client, rule, target }) => `${client}  ${rule}  ${target}`, all.filter(({ verdict }) => verdict === 'deny')), tunnels: this.#tunnels,
    }
  }
}
