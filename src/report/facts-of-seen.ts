// A recorded request made into the facts that the judge asks for, and the judgement of many of them: equal facts are decided once. Danger
// prevented: a replay that judges by other facts than the traffic had, or that takes as long as the traffic took.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { Cause, Client } from '../decision/facts.ts'
import { nearestVia } from '../decision/nearest-via.ts'
import { ask } from '../decision/question.ts'
import { parseWebAsk } from '../decision/ask.ts'
import type { WebAsk } from '../decision/ask.ts'
import { mediaType } from '../http/media-type.ts'
import { authorityOf } from '../log/seen.ts'
import type { SeenRequest } from '../log/seen.ts'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'

export interface Rejudged {
  readonly verdict: 'allow' | 'deny'
  readonly cause: Cause
  /** no address was on record: judged for a public one */
  readonly assumed: boolean
}

/** `client`: it has no address on record (masked, hashed); `target`: it is nothing that this proxy would be asked for. */
export type Unjudged = { readonly unjudged: 'client' | 'target'; readonly problem: string }

const NO_ADDRESSES: readonly Ip[] = []

function addressesText({ addresses }: SeenRequest): string {
  return addresses.length === 1 ? (addresses[0] ?? '') : addresses.join(',')
}

const MOST_KNOWN = 200_000
const MOST_CLIENTS = 50_000

/** What the log calls the method and target of, as it would be asked on the wire. */
export function askOf(seen: Pick<SeenRequest, 'method' | 'target'>): WebAsk | string {
  const asked = parseWebAsk(seen.target, seen.method)
  return asked.ok ? asked.value : asked.problem
}

export class Rejudge {
  readonly #compiled: CompiledPolicy
  /** which facts the policy asks at all: what none of its rules looks at makes no difference */
  readonly #uses: { readonly uri: boolean; readonly agent: boolean; readonly type: boolean }
  readonly #known = new Map<string, Rejudged | Unjudged>()
  readonly #clients = new Map<string, { readonly client: Client; readonly via: Ip } | undefined>()
  readonly #ips = new Map<string, readonly Ip[]>()
  #from = 0
  #until = 0
  /** questions that were put to the judge */
  asked = 0

  constructor(compiled: CompiledPolicy) {
    this.#compiled = compiled
    const rules = compiled.policy.web.rules
    this.#uses = {
      uri: rules.some(({ uri, lists }) => uri !== undefined || lists !== undefined), agent: rules.some(({ userAgents }) => userAgents !== undefined),
      type: rules.some(({ contentTypes }) => contentTypes !== undefined),
    }
  }

  /** As enforced, whatever the policy's mode. */
  judge(seen: SeenRequest): Rejudged | Unjudged {
    const { uri, agent, type } = this.#uses
    const what = uri ? seen.target : authorityOf(seen.target)
    let key = `${this.#epoch(seen.time)} ${seen.client} ${seen.method} ${what} ${addressesText(seen)} ${seen.serverName ?? ''}`
    if (seen.mac !== undefined) key += ` ${seen.mac}`
    if (type) key += ` ${seen.contentType ?? ''}`
    if (agent) key += ` ${seen.userAgent ?? ''}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const judged = this.#ask(seen)
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.set(key, judged)
    return judged
  }

  /** Within it no schedule opens or closes, and nothing expires. */
  #epoch(time: number): number {
    if (time >= this.#from && time < this.#until) return this.#until
    this.#from = time
    this.#until = this.#compiled.nextEdge(time) ?? Number.POSITIVE_INFINITY
    return this.#until
  }

  #client(seen: SeenRequest): { readonly client: Client; readonly via: Ip } | undefined {
    const key = seen.mac === undefined ? seen.client : `${seen.client} ${seen.mac}`
    const known = this.#clients.get(key)
    if (known !== undefined || this.#clients.has(key)) return known
    const address = parseIp(seen.client)
    const made = address === undefined ? undefined : { client: { address, mac: seen.mac === undefined ? undefined : parseMac(seen.mac) }, via: nearestVia(this.#compiled, address) }
    if (this.#clients.size >= MOST_CLIENTS) this.#clients.clear()
    this.#clients.set(key, made)
    return made
  }

  #addresses(seen: SeenRequest): readonly Ip[] {
    const text = addressesText(seen)
    if (text === '') return NO_ADDRESSES
    let known = this.#ips.get(text)
    if (known === undefined) {
      known = seen.addresses.map((each) => parseIp(each)).filter((ip): ip is Ip => ip !== undefined)
      if (this.#ips.size >= MOST_CLIENTS) this.#ips.clear()
      this.#ips.set(text, known)
    }
    return known
  }

  #ask(seen: SeenRequest): Rejudged | Unjudged {
    const who = this.#client(seen)
    if (who === undefined) return { unjudged: 'client', problem: 'the client has no address in the log' }
    const web = askOf(seen)
    if (typeof web === 'string') return { unjudged: 'target', problem: web }
    this.asked += 1
    const addresses = this.#addresses(seen)
    const { cause, verdict } = ask(this.#compiled, {
      facts: { ...who, now: seen.time, method: web.method, target: web.target, uri: web.uri, tunnel: web.tunnel, userAgent: seen.userAgent, contentType: undefined },
      addresses: addresses.length === 0 ? undefined : addresses, responseType: web.tunnel ? undefined : mediaType(seen.contentType), serverName: seen.serverName,
    }, false, undefined)
    return { verdict, cause, assumed: addresses.length === 0 && web.target.host.kind === 'name' }
  }
}
