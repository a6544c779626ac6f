// Names to addresses for the request path: hosts file, cache, resolvers, with a deadline of our own and a bound on what is asked at once.
// Dangers prevented: `dns.lookup`, whose four threads one slow name server blocks for everybody; one client whose silent names leave no
// look-up to the others; `localhost` asked of a stranger (RFC 6761 6.3).
import { statSync } from 'node:fs'
import type { HostName } from '../net/hostname.ts'
import { ipFromValue } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { arm, deadline, disarm } from './deadlines.ts'
import { DnsCache } from './dns-cache.ts'
import type { Answer } from './dns-cache.ts'
import { DnsChannels } from './dns-channels.ts'
import { query } from './dns-query.ts'
import { HostsFile } from './hosts-file.ts'

export type DnsResult =
  | { readonly ok: true; readonly addresses: readonly Ip[]; readonly ms: number }
  | { readonly ok: false; readonly error: 'dns_timeout' | 'dns_error'; readonly detail: string; readonly ms: number }

export interface ResolverOptions {
  /** empty: the system's */
  readonly servers: readonly { readonly address: string; readonly port: number }[]
  readonly timeoutMs: number
  /** names asked at once, half of them for one client; more wait, within their deadline */
  readonly concurrency?: number
  readonly hostsFile?: string
  readonly cacheEntries?: number
}

const LOOPBACK: readonly Ip[] = [ipFromValue(4, 0x7f000001n), ipFromValue(6, 1n)]
const SYSTEM_RESOLVERS = '/etc/resolv.conf'
const LOOK_MS = 1000
const CONCURRENCY = 1024

/** One look-up and everybody who waits for it. */
interface Flight {
  readonly name: HostName
  readonly waiting: Set<(answer: Answer) => void>
  /** who asks, in order; the first counts it as his */
  readonly clients: Set<string | undefined>
  /** what one family said when the other stayed silent: nobody who comes later waits for that again */
  early?: Answer
}

export class Resolver {
  readonly #options: ResolverOptions
  readonly #hosts: HostsFile
  readonly #cache: DnsCache
  readonly #flights = new Map<HostName, Flight>()
  readonly #queue = new Set<Flight>()
  #running = 0
  readonly #runningOf = new Map<string, number>()
  #channels: DnsChannels | undefined
  #channelsVersion = ''
  #looked = -Infinity
  #closed = false

  constructor(options: ResolverOptions) {
    this.#options = options
    this.#hosts = new HostsFile(options.hostsFile ?? '/etc/hosts')
    this.#cache = new DnsCache(options.cacheEntries ?? 10_000)
  }

  /** `client`: for whom, so that one leaves look-ups to the others. What is known is answered at once. */
  resolve(name: HostName, client?: string): DnsResult | Promise<DnsResult> {
    const began = performance.now()
    const known = this.#known(name, began) ?? this.#flights.get(name)?.early
    if (known !== undefined) return known.ok ? { ok: true, addresses: known.addresses, ms: 0 } : { ...known, ms: 0 }
    return new Promise((resolve) => {
      const flight = this.#flight(name, client)
      const done = (answer: Answer): void => {
        disarm(limit)
        flight.waiting.delete(done)
        // nobody asks any more: what did not leave yet never will
        if (flight.waiting.size === 0 && this.#queue.delete(flight)) this.#flights.delete(name)
        resolve({ ...answer, ms: performance.now() - began })
      }
      const limit = deadline(() => done({ ok: false, error: 'dns_timeout', detail: `no answer within ${this.#options.timeoutMs} ms` }))
      arm(limit, this.#options.timeoutMs)
      flight.waiting.add(done)
    })
  }

  /** names being asked, names that wait for it, answers kept */
  get load(): { readonly dnsAsking: number; readonly dnsWaiting: number; readonly dnsKnown: number } {
    return { dnsAsking: this.#running, dnsWaiting: this.#queue.size, dnsKnown: this.#cache.size }
  }

  close(): void {
    this.#closed = true
    this.#channels?.cancel()
    for (const flight of this.#flights.values()) this.#tell(flight, { ok: false, error: 'dns_error', detail: 'the gateway ends' })
    this.#cache.clear()
  }

  #known(name: HostName, now: number): Answer | undefined {
    if (name === 'localhost' || name.endsWith('.localhost')) return { ok: true, addresses: LOOPBACK }
    const pinned = this.#hosts.get(name)
    if (pinned !== undefined) return { ok: true, addresses: pinned }
    if (this.#closed) return { ok: false, error: 'dns_error', detail: 'the gateway ends' }
    return this.#cache.get(name, now)
  }

  #flight(name: HostName, client: string | undefined): Flight {
    let flight = this.#flights.get(name)
    if (flight === undefined) {
      flight = { name, waiting: new Set(), clients: new Set() }
      this.#flights.set(name, flight)
      this.#queue.add(flight)
    }
    flight.clients.add(client)
    if (this.#queue.has(flight) && this.#mayAsk(client)) void this.#fly(flight, client)
    return flight
  }

  #mayAsk(client: string | undefined): boolean {
    const most = this.#options.concurrency ?? CONCURRENCY
    return this.#running < most && (client === undefined || (this.#runningOf.get(client) ?? 0) < most / 2)
  }

  #count(client: string | undefined, step: 1 | -1): void {
    this.#running += step
    if (client === undefined) return
    const count = (this.#runningOf.get(client) ?? 0) + step
    if (count === 0) this.#runningOf.delete(client)
    else this.#runningOf.set(client, count)
  }

  async #fly(flight: Flight, client: string | undefined): Promise<void> {
    this.#queue.delete(flight)
    this.#count(client, 1)
    const { answer, lifeMs } = await query(this.#current(), flight.name, performance.now() + this.#options.timeoutMs, (early) => {
      flight.early = early
      this.#tell(flight, early)
    })
    this.#count(client, -1)
    this.#flights.delete(flight.name)
    if (!this.#closed) this.#cache.put(flight.name, answer, lifeMs, performance.now())
    this.#tell(flight, answer)
    this.#next()
  }

  /** The longest waiting one that somebody may ask for. */
  #next(): void {
    for (const flight of this.#queue) {
      for (const client of flight.clients) if (this.#mayAsk(client)) return void this.#fly(flight, client)
    }
  }

  #tell(flight: Flight, answer: Answer): void {
    for (const done of [...flight.waiting]) done(answer)
  }

  /** The channels to the resolvers; the system's are read anew when /etc/resolv.conf changes. */
  #current(): DnsChannels {
    const { servers, timeoutMs } = this.#options
    const now = performance.now()
    if (servers.length === 0 && now - this.#looked >= LOOK_MS) {
      this.#looked = now
      const version = fileVersion(SYSTEM_RESOLVERS)
      if (version !== this.#channelsVersion) this.#channels = undefined
      this.#channelsVersion = version
    }
    this.#channels ??= new DnsChannels({ servers, timeoutMs })
    return this.#channels
  }
}

function fileVersion(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch {
    return 'none'
  }
}
