// The channels to the resolvers (c-ares). c-ares learns: it waits for an answer five times as long as answers took of late, and be it 250 ms, so that
// behind a resolver that mostly answers from its cache two tries are over in 650 ms, whatever deadline was asked for. What was not answered so is
// asked once more over a channel that has learned nothing yet. Dangers prevented: a name that takes a second to look up, refused for ever because the
// others are quick; a flood of slow names that opens a socket for each.
import { promises } from 'node:dns'

export interface ChannelOptions {
  /** empty: the system's */
  readonly servers: readonly { readonly address: string; readonly port: number }[]
  readonly timeoutMs: number
}

/** As many as the C library heeds (resolv.conf(5), MAXNS). */
const MOST_SERVERS = 3
/** c-ares learns from the third answer on. */
const LEARNS_FROM = 3
/** of those that wait patiently, with a socket each */
const MOST_PATIENT = 16

interface Patient {
  readonly resolver: promises.Resolver
  answers: number
  open: number
}

export class DnsChannels {
  /** the second without the first one's first server, and so on: each is asked where the one before failed */
  readonly quick: readonly promises.Resolver[]
  readonly #servers: readonly string[]
  readonly #timeoutMs: number
  readonly #patient = new Set<Patient>()
  #newest: Patient | undefined

  constructor({ servers, timeoutMs }: ChannelOptions) {
    this.#timeoutMs = timeoutMs
    // two tries for each server within the deadline: a lost datagram costs half of it
    const quick = (some: readonly string[]): promises.Resolver => channel(some, Math.max(50, Math.floor(timeoutMs / 3)), 2)
    const first = quick(servers.map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)))
    this.#servers = first.getServers()
    this.quick = [first, ...this.#servers.slice(1, MOST_SERVERS).map((_, index) => quick(this.#servers.slice(index + 1)))]
  }

  /** Where nobody answered in a quick channel's time: asked once more, with the whole deadline. */
  async patiently<T>(question: (resolver: promises.Resolver) => Promise<T>): Promise<T> {
    const patient = this.#take()
    patient.open++
    try {
      return await question(patient.resolver)
    } finally {
      patient.open--
      patient.answers++
      if (patient.open === 0 && patient !== this.#newest) this.#patient.delete(patient)
    }
  }

  #take(): Patient {
    const newest = this.#newest
    if (newest !== undefined && (newest.answers < LEARNS_FROM || this.#patient.size >= MOST_PATIENT)) return newest
    const made: Patient = { resolver: channel(this.#servers, this.#timeoutMs, 1), answers: 0, open: 0 }
    if (newest?.open === 0) this.#patient.delete(newest)
    this.#newest = made
    this.#patient.add(made)
    return made
  }

  cancel(): void {
    for (const resolver of this.quick) resolver.cancel()
    for (const { resolver } of this.#patient) resolver.cancel()
  }
}

function channel(servers: readonly string[], timeout: number, tries: number): promises.Resolver {
  const made = new promises.Resolver({ timeout, tries })
  if (servers.length > 0) made.setServers(servers)
  return made
}
