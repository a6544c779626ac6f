// What was observed, told apart: what a rule may be made of, and what is not learned blindly because the guard, a rule, or a client's whim shaped it.
// Dangers prevented: a policy that a hostile client wrote by asking; a denial on purpose that is learned away.
import type { Rejudge } from './facts-of-seen.ts'
import { askOf } from './facts-of-seen.ts'
import { isRandomName } from './random-name.ts'
import { ownDomain } from './site.ts'
import { authorityOf } from '../log/seen.ts'
import type { SeenRequest } from '../log/seen.ts'
import { parseIp } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import { authorityText, hostText } from '../net/target.ts'
import type { Target } from '../net/target.ts'

/** Left out unless asked for. */
export const KINDS = ['numeric', 'private', 'one-off', 'not-tls', 'refused'] as const
export type Kind = (typeof KINDS)[number]

export const KIND_TEXT: Readonly<Record<Kind, string>> = {
  'numeric': 'asked by number, not by name', 'private': 'an address that the guard closes', 'one-off': 'a random-looking name, asked once or twice by one client',
  'not-tls': 'a tunnel that is no TLS, or TLS to another name than it asked for', 'refused': 'refused for want of a rule, not only observed',
}

/** One client, one method, one place; everything that is on record of it. */
export interface Fact {
  readonly client: string
  readonly method: string
  readonly target: Target
  readonly tunnel: boolean
  /** by which the policy would deny it when enforced; undefined: it allows it already */
  denied: string | undefined
  refused: boolean
  notTls: boolean
  readonly addresses: Set<string>
  requests: number
  first: number
  last: number
  readonly example: SeenRequest
}

export interface Left {
  readonly why: string
  readonly kind: Kind | undefined
  readonly host: string
  requests: number
  readonly clients: Set<string>
}

/** What stands in the policy's way for want of a rule, and no rule's own word. */
const WANTING: ReadonlySet<string> = new Set(['default', 'web.default', 'ports', 'connect-ports'])
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const MOST_FACTS = 500_000
const MOST_LEFT = 20_000
const MOST_ADDRESSES = 32
/** More octets came or went than an opened tunnel has that stays silent. */
const SPOKE_IN = 2048
const SPOKE_OUT = 512

/** No ClientHello for the name that was asked for, and more than a silent tunnel has. By number none is wanted. */
function isNotTls({ serverName, bytesIn, bytesOut }: SeenRequest, { host }: Target): boolean {
  if (serverName !== undefined) return host.kind === 'address' || serverName !== host.name
  // Squid tells neither names nor what came from the client
  return host.kind === 'name' && bytesIn !== undefined && (bytesIn > SPOKE_IN || bytesOut > SPOKE_OUT)
}

export class Gathering {
  readonly #rejudge: Rejudge
  readonly facts = new Map<string, Fact>()
  readonly left = new Map<string, Left>()
  requests = 0
  /** facts beyond the bound: never zero in silence */
  lost = 0

  /** `rejudge`: by the policy that is to be extended, with the way to the proxy and all ports open: what stands in the way of those is learned apart. */
  constructor(rejudge: Rejudge) {
    this.#rejudge = rejudge
  }

  leave(host: string, client: string, why: string, kind?: Kind, requests = 1): void {
    const key = `${why} ${host}`
    let left = this.left.get(key)
    if (left === undefined) {
      const short = this.left.size < MOST_LEFT ? host : '(many more)'
      left = this.left.get(`${why} ${short}`) ?? { why, kind, host: short, requests: 0, clients: new Set() }
      this.left.set(`${why} ${short}`, left)
    }
    left.requests += requests
    if (left.clients.size < MOST_LEFT) left.clients.add(client)
  }

  add(seen: SeenRequest): void {
    this.requests += 1
    const key = `${seen.client} ${seen.method} ${authorityOf(seen.target)}`
    const known = this.facts.get(key)
    const web = known === undefined ? askOf(seen) : undefined
    if (parseIp(seen.client) === undefined) return this.leave(authorityOf(seen.target).slice(0, 80), seen.client, 'its client has no address in the log: masked, or under a pseudonym')
    if (typeof web === 'string' || !METHOD.test(seen.method)) return this.leave(authorityOf(seen.target).slice(0, 80), seen.client, 'no request that a rule could name')
    const target = known?.target ?? web?.target
    if (target === undefined) return
    const host = hostText(target.host)
    if (seen.verdict === 'error') return this.leave(host, seen.client, 'failed before anything was decided: its name did not resolve, or it was malformed')
    const wanting = seen.rule !== undefined && WANTING.has(seen.rule)
    if (seen.verdict === 'deny' && !wanting) return this.leave(host, seen.client, `denied, by ${seen.rule ?? 'a rule that the log does not name'}`)
    const judged = this.#rejudge.judge(seen)
    if ('unjudged' in judged) return this.leave(host, seen.client, judged.problem)
    const { by } = judged.cause
    if (judged.verdict === 'deny' && !WANTING.has(by) && by !== 'private' && by !== 'server-name') {
      const { place } = judged.cause
      return this.leave(host, seen.client, `denied on purpose, by ${by}${place === undefined ? '' : ` (${place.file}:${place.line})`}`)
    }
    const fact = known ?? this.#fact(key, seen, target, web?.tunnel ?? false)
    if (fact === undefined) return
    fact.requests += 1
    fact.first = Math.min(fact.first, seen.time)
    fact.last = Math.max(fact.last, seen.time)
    if (judged.verdict === 'deny') fact.denied = by
    if (seen.verdict === 'deny') fact.refused = true
    for (const address of seen.addresses) if (fact.addresses.size < MOST_ADDRESSES) fact.addresses.add(address)
    if (fact.tunnel && isNotTls(seen, target)) fact.notTls = true
  }

  #fact(key: string, seen: SeenRequest, target: Target, tunnel: boolean): Fact | undefined {
    if (this.facts.size >= MOST_FACTS) {
      this.lost += 1
      return undefined
    }
    const fact: Fact = {
      client: seen.client, method: seen.method, target, tunnel, denied: undefined, refused: false, notTls: false, addresses: new Set(), requests: 0, first: seen.time, last: seen.time, example: seen,
    }
    this.facts.set(key, fact)
    return fact
  }
}

export function isClosed(fact: Fact): boolean {
  const { host } = fact.target
  const all = host.kind === 'address' ? [host.address] : [...fact.addresses].flatMap((text) => parseIp(text) ?? [])
  return all.length > 0 && all.every((address) => scopeOf(address) !== 'public')
}

/** Which of the kinds it is; `asked`: requests and clients of the place in all. */
export function kindsOf(fact: Fact, asked: { readonly requests: number; readonly clients: number }): readonly Kind[] {
  const { host } = fact.target
  const suffix = host.kind === 'name' ? ownDomain(host.name)?.replace(/^[^.]+\./, '') : undefined
  return [
    ...(fact.refused ? (['refused'] as const) : []),
    ...(host.kind === 'address' ? (['numeric'] as const) : []),
    ...(isClosed(fact) ? (['private'] as const) : []),
    ...(fact.notTls ? (['not-tls'] as const) : []),
    ...(host.kind === 'name' && asked.clients === 1 && asked.requests <= 2 && isRandomName(host.name, suffix) ? (['one-off'] as const) : []),
  ]
}

/** Facts that a rule may be made of, with those left out told in `gathering.left`. What the policy allows already needs no kind. */
export function accepted(gathering: Gathering, include: ReadonlySet<Kind>): readonly Fact[] {
  const asked = new Map<string, { requests: number; clients: number; readonly who: Set<string> }>()
  for (const fact of gathering.facts.values()) {
    const host = hostText(fact.target.host)
    const sum = asked.get(host) ?? { requests: 0, clients: 0, who: new Set<string>() }
    sum.requests += fact.requests
    sum.who.add(fact.client)
    sum.clients = sum.who.size
    asked.set(host, sum)
  }
  return [...gathering.facts.values()].filter((fact) => {
    if (fact.denied === undefined && !fact.refused) return true
    const host = hostText(fact.target.host)
    const kind = kindsOf(fact, asked.get(host) ?? { requests: 0, clients: 0 }).find((each) => !include.has(each))
    if (kind === undefined) return true
    gathering.leave(fact.target.port === (fact.tunnel ? 443 : 80) ? host : authorityText(fact.target), fact.client, KIND_TEXT[kind], kind, fact.requests)
    return false
  })
}
