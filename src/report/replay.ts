// Recorded requests beside what another policy says of them: which verdicts flip, grouped by the rule that decided then and the one that would
// now. Danger prevented: a new policy, or a move from another proxy, whose refusals are learned from angry users.
import type { Place } from '../policy/diagnostic.ts'
import type { SeenRequest } from '../log/seen.ts'
import type { Rejudge } from './facts-of-seen.ts'

export interface Example {
  readonly client: string
  readonly method: string
  readonly target: string
  readonly time: number
}

export interface Flip {
  readonly from: 'allow' | 'deny'
  readonly to: 'allow' | 'deny'
  readonly oldRule: string
  readonly newRule: string
  /** of the new rule */
  readonly place: Place | undefined
  readonly reason: string
  readonly requests: number
  readonly clients: number
  /** no address is known of so many */
  readonly assumed: number
  readonly examples: readonly Example[]
}

export interface Replayed {
  readonly requests: number
  readonly clients: number
  /** epoch milliseconds of the first and the last; undefined: there was none */
  readonly first: number | undefined
  readonly last: number | undefined
  readonly same: number
  /** of those: decided by another rule than before */
  readonly otherRule: number
  readonly asked: number
  readonly flips: readonly Flip[]
  /** why a request was not judged anew → how many */
  readonly left: ReadonlyMap<string, number>
}

interface Tally {
  readonly flip: Omit<Flip, 'requests' | 'clients' | 'assumed' | 'examples'>
  requests: number
  assumed: number
  readonly clients: Set<string>
  readonly examples: Example[]
  readonly shown: Set<string>
}

const MOST_EXAMPLES = 3
/** Clients told apart; a log of more is no office's. */
const MOST_CLIENTS = 1_000_000
const UNREADABLE = '(no http request)'

/** What decided then was no rule's: it would decide the same again, or it would not, whatever the policy says. */
const NO_RULE: Readonly<Record<string, string>> = { limits: 'refused for limits, which no rule decides', framing: 'refused for what the request looked like on the wire' }

export class Replay {
  readonly #rejudge: Rejudge
  readonly #tallies = new Map<string, Tally>()
  readonly #clients = new Set<string>()
  readonly #left = new Map<string, number>()
  #requests = 0
  #same = 0
  #otherRule = 0
  #first: number | undefined
  #last: number | undefined

  /** `nameless`: what stands for the rule where the log names none. */
  readonly #nameless: string

  constructor(rejudge: Rejudge, nameless = '(not told)') {
    this.#rejudge = rejudge
    this.#nameless = nameless
  }

  #leave(why: string): void {
    this.#left.set(why, (this.#left.get(why) ?? 0) + 1)
  }

  add(seen: SeenRequest): void {
    const { verdict: old, rule, time } = seen
    this.#requests += 1
    if (this.#first === undefined || time < this.#first) this.#first = time
    if (this.#last === undefined || time > this.#last) this.#last = time
    if (this.#clients.size < MOST_CLIENTS) this.#clients.add(seen.client)
    if (old === 'error') return this.#leave(seen.error?.startsWith('dns') === true ? 'their name did not resolve then' : 'failed before anything was decided')
    const apart = rule === undefined ? undefined : NO_RULE[rule]
    if (old === 'deny' && apart !== undefined) return this.#leave(apart)
    // the first bytes of a tunnel are not on record; without a server name the new policy cannot be asked of them
    if (old === 'deny' && rule === 'server-name' && seen.serverName === undefined) return this.#leave('tunnels closed for what their first bytes were')
    const judged = this.#rejudge.judge(seen)
    if ('unjudged' in judged && judged.unjudged === 'client') return this.#leave(judged.problem)
    const [now, by] = 'unjudged' in judged ? (['deny', UNREADABLE] as const) : ([judged.verdict, judged.cause.by] as const)
    // what observing let pass was allowed, and not by a rule
    const oldRule = rule === undefined ? this.#nameless : seen.observed[0] === undefined || old === 'deny' ? rule : `${seen.observed[0]} (observed)`
    if (now === old) {
      this.#same += 1
      if (rule !== undefined && by !== rule) this.#otherRule += 1
      return
    }
    const key = `${old} ${oldRule} ${by}`
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      const [place, reason] = 'unjudged' in judged ? [undefined, judged.problem] : [judged.cause.place, judged.cause.reason]
      tally = { flip: { from: old, to: now, oldRule, newRule: by, place, reason }, requests: 0, assumed: 0, clients: new Set(), examples: [], shown: new Set() }
      this.#tallies.set(key, tally)
    }
    tally.requests += 1
    if (!('unjudged' in judged) && judged.assumed) tally.assumed += 1
    if (tally.clients.size < MOST_CLIENTS) tally.clients.add(seen.client)
    const { client, method, target } = seen
    if (tally.examples.length >= MOST_EXAMPLES || tally.shown.has(target)) return
    tally.shown.add(target)
    tally.examples.push({ client, method, target, time })
  }

  /** Most requests first; what would be denied before what would be allowed. */
  result(): Replayed {
    const flips = [...this.#tallies.values()].map(({ flip, requests, clients, assumed, examples }) => ({ ...flip, requests, clients: clients.size, assumed, examples }))
    return {
      requests: this.#requests, clients: this.#clients.size, first: this.#first, last: this.#last, same: this.#same, otherRule: this.#otherRule, asked: this.#rejudge.asked,
      flips: flips.sort((a, b) => (a.to === b.to ? b.requests - a.requests : a.to === 'deny' ? -1 : 1)), left: this.#left,
    }
  }
}
