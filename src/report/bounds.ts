// How many different words one hour of the sums may have. What a client invents (names of hosts, methods) or a server (types) beyond that is counted as
// `(others)`. Danger prevented: one client that asks for a million names and makes the sums of a day larger than those of a year.
import type { Fact } from './fact.ts'

export const OTHERS = '(others)'

const HOUR_MS = 3_600_000
const MOST = { method: 24, type: 256, client: 20_000, host: 50_000, hostOfClient: 2_000 } as const
/** More hours than this at once come from a log that is out of order. */
const MOST_HOURS = 48

class Seen {
  readonly #sets = new Map<string, Set<string>>()

  /** The word, or `(others)` where the hour has its number of them already. */
  take(name: string, most: number, word: string): string {
    let set = this.#sets.get(name)
    if (set === undefined) {
      set = new Set()
      this.#sets.set(name, set)
    }
    if (set.has(word)) return word
    if (set.size >= most) return OTHERS
    set.add(word)
    return word
  }
}

export interface BoundedWords {
  readonly client: string
  readonly host: string
  readonly method: string
  readonly type: string
}

export class Bounds {
  readonly #hours = new Map<number, Seen>()

  words({ time, client, host, method, type }: Pick<Fact, 'time' | 'client' | 'host' | 'method' | 'type'>): BoundedWords {
    const hour = Math.floor(time / HOUR_MS)
    let seen = this.#hours.get(hour)
    if (seen === undefined) {
      if (this.#hours.size >= MOST_HOURS) for (const old of [...this.#hours.keys()].sort((a, b) => a - b).slice(0, MOST_HOURS / 2)) this.#hours.delete(old)
      seen = new Seen()
      this.#hours.set(hour, seen)
    }
    const who = seen.take('client', MOST.client, client)
    const known = seen.take(`host ${who}`, MOST.hostOfClient, host)
    return { client: who, host: known === OTHERS ? OTHERS : seen.take('host', MOST.host, host), method: seen.take('method', MOST.method, method), type: seen.take('type', MOST.type, type) }
  }
}
