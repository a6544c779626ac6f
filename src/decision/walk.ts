// The first moment: which web rules can speak of this request at all, by what the request itself says. Rules open on the addresses
// or on the response stay; the first one that is open on nothing ends the list, since it decides. Danger prevented: a condition that
// is taken for true, or for false, before its fact is known.
import type { Ip } from '../net/ip.ts'
import { embeddedIps } from '../net/scope.ts'
import { decodeUnreserved } from '../net/uri.ts'
import { idle } from './activity.ts'
import type { Idle } from './activity.ts'
import type { CompiledPolicy } from './compile.ts'
import type { RequestFacts } from './facts.ts'
import { contentMoment } from './media.ts'
import { holds } from './host-index.ts'
import { hasPort } from './port-set.ts'
import { INSIDE, NO_AGENT, NO_LIST, NO_URI, NUMERIC, WHOLE } from './standing.ts'
import { idleDetail, tellRule } from './trace.ts'
import type { Trace } from './trace.ts'
import type { ClientView } from './view.ts'
import type { WebIndex } from './web-index.ts'
import { liveOf } from './web-rule.ts'
import type { Live, ReadyWebRule } from './web-rule.ts'

type Failed = Idle | 'from' | 'methods' | 'ports' | 'host' | 'to' | 'content-type' | 'list' | 'user-agent' | 'uri'

const NONE: readonly Live[] = []

const ADDRESS = 1
const RESPONSE = 2
const MAYBE = 4

/**
 * Rules whose known conditions hold, in order. Without a trace only rules that the indices name are asked, and, unless `whole`, none of
 * those that speak of narrow networks alone: `liveFor` brings them in for an address that they touch.
 */
export function liveRules(compiled: CompiledPolicy, view: ClientView, facts: RequestFacts, trace: Trace, whole: boolean): readonly Live[] {
  const { web } = compiled
  if (web.rules.length === 0) return NONE
  const scan = new Scan(web, facts)
  const live: Live[] = []
  if (trace !== undefined) {
    for (const ready of web.rules) if (told(scan, ready, view, facts, trace, live)) break
    return live
  }
  const methods = web.methods.of(facts.method)
  const ports = web.ports.of(facts.target.port)
  const hours = web.hours.at(facts.now)
  const standing = view.standing.list(web, scan.variant(view) | (whole ? WHOLE : 0), methods, ports, hours)
  const hits = scan.hits()
  const found = web.scratch.hits.count
  // two ascending lists, each rule once
  for (let s = 0, h = 0; s < standing.length || h < found;) {
    const stands = standing[s] ?? NO_RULE
    const hit = h < found ? (hits[h] ?? NO_RULE) : NO_RULE
    const index = Math.min(stands, hit)
    if (stands === index) s++
    if (hit === index) h++
    const ready = web.rules[index]
    if (ready === undefined || (stands !== index && !(holds(view.web, index) && holds(ports, index) && holds(hours, index)))) continue
    const answer = scan.ask(ready)
    if (typeof answer === 'string') continue
    const each = liveOf(ready, answer)
    live.push(each)
    if (each.settled) return live
  }
  return live
}

/** Behind every rule. */
const NO_RULE = 0x7fffffff

/** The rules that can decide for the address. */
export function liveFor(compiled: CompiledPolicy, view: ClientView, facts: RequestFacts, live: readonly Live[], address: Ip): readonly Live[] {
  const { networks } = compiled.web
  if (networks.empty || (!networks.has(address) && (address.family === 4 || !embeddedIps(address).some((inner) => networks.has(inner))))) return live
  return liveRules(compiled, view, facts, undefined, true)
}

/** The same for an explanation, rule by rule; true where the list ends. */
function told(scan: Scan, ready: ReadyWebRule, view: ClientView, facts: RequestFacts, trace: Trace, live: Live[]): boolean {
  const held = holds(view.web, ready.index)
  const found = held ? scan.ask(ready) : ready.rule.enabled ? 'from' : 'enabled'
  const { rule } = ready
  if (typeof found === 'string') {
    if (found === 'enabled' || found === 'expires' || found === 'schedule') tellRule(trace, rule, 'skipped', idleDetail(rule, found))
    else tellRule(trace, rule, 'no match', failedDetail(rule, found))
    return false
  }
  const each = liveOf(ready, found)
  live.push(each)
  const open = [
    each.maybe ? 'the request inside' : '', each.needsAddress ? 'to' : '', ready.resolvesTo === undefined ? '' : 'resolves-to',
    each.needsResponse ? 'the response\'s content-type' : '',
  ].filter((word) => word !== '')
  if (ready.observed !== undefined) tellRule(trace, rule, 'observed', open.length === 0 ? 'mode: observe' : `mode: observe; open on ${open.join(', ')}`)
  else if (open.length > 0) tellRule(trace, rule, 'open', `open on ${open.join(', ')}`)
  else tellRule(trace, rule, 'match', facts.tunnel && rule.uri !== undefined ? 'uri, of which a tunnel shows host and port alone' : undefined)
  return each.settled
}

function failedDetail(rule: ReadyWebRule['rule'], failed: Exclude<Failed, Idle>): string {
  switch (failed) {
    case 'from': return `from: ${rule.from?.text.join(', ') ?? ''}`
    case 'methods': return `methods: ${rule.methods?.join(', ') ?? ''}`
    case 'ports': return 'ports'
    case 'host': return `host: ${[...(rule.host?.numeric === true ? ['numeric'] : []), ...(rule.host?.patterns ?? []).map((pattern) => pattern.text)].join(', ')}`
    case 'to': return `to: ${rule.to?.text.join(', ') ?? ''}`
    case 'content-type': return `content-type: ${rule.contentTypes?.join(', ') ?? ''}`
    case 'list': return `list: ${rule.lists?.join(', ') ?? ''}`
    case 'user-agent': return `user-agent: ${rule.userAgents?.join(', ') ?? ''}`
    case 'uri': return `uri: ${rule.uri?.join(', ') ?? ''}`
  }
}

/** One request while its rules are asked: what costs something is worked out when a rule first wants it, and kept. */
class Scan {
  readonly #web: WebIndex
  readonly #facts: RequestFacts
  #decoded: string | undefined
  #firstUri: number | undefined
  #uriMatches: ((index: number) => boolean) | undefined
  #firstAgent: number | undefined
  #agentMatches: ((index: number) => boolean) | undefined
  #listsAsked = false
  readonly inside: boolean

  constructor(web: WebIndex, facts: RequestFacts) {
    this.#web = web
    this.#facts = facts
    this.inside = facts.method === 'CONNECT' && !facts.tunnel
  }

  /** Which list of standing rules is the request's. Expressions and lists are asked at once where one of those rules has any. */
  variant({ standing }: ClientView): number {
    const { target, userAgent, uri } = this.#facts
    const kind = target.host.kind === 'address' ? NUMERIC : 0
    if (this.inside) return kind | INSIDE
    if (standing.asksUri(this.#web)) {
      this.#decoded ??= decodeUnreserved(uri)
      this.#firstUri ??= this.#web.uris.firstMatch(uri, this.#decoded)
    }
    if (userAgent !== undefined && standing.asksAgent(this.#web)) this.#firstAgent ??= this.#web.userAgents.firstMatch(userAgent, userAgent)
    const lists = standing.lists(this.#web)
    const unlisted = lists.length > 0 && !this.#listed(lists) ? NO_LIST : 0
    return kind | unlisted | (this.#firstUri === -1 ? NO_URI : 0) | (userAgent === undefined || this.#firstAgent === -1 ? NO_AGENT : 0)
  }

  /** Rules whose host patterns hold the target; valid until the next request is judged. */
  hits(): Int32Array {
    const { scratch, hosts } = this.#web
    const { host } = this.#facts.target
    scratch.hits.clear()
    if (host.kind === 'name') hosts.find(host.name, scratch.hits)
    return scratch.hits.sorted()
  }

  /** Cheap questions first. The answer is the variant of `liveOf`, or the condition that fails. */
  ask(ready: ReadyWebRule): number | Failed {
    const { rule } = ready
    const facts = this.#facts
    const { host } = facts.target
    if (!ready.timing.always) {
      const why = idle(ready.timing, facts.now)
      if (why !== undefined) return why
    }
    if (rule.ports !== undefined && !hasPort(rule.ports, facts.target.port)) return 'ports'
    if (ready.hosts !== undefined && !(host.kind === 'address' ? ready.numeric : ready.hosts.has(host.name))) return 'host'
    let needsAddress = false
    if (ready.toAddresses !== undefined) {
      const byName = host.kind === 'name' && ready.toHosts !== undefined && ready.toHosts.has(host.name)
      if (!byName && ready.toAddresses.empty) return 'to'
      needsAddress = !byName
    }
    const seen = this.inside ? this.#askInside(ready) : this.#askSeen(ready)
    return typeof seen === 'string' ? seen : seen + (needsAddress ? ADDRESS : 0)
  }

  /** What the request says of itself. */
  #askSeen(ready: ReadyWebRule): number | Failed {
    const { rule } = ready
    if (rule.methods !== undefined && !rule.methods.includes(this.#facts.method)) return 'methods'
    const moment = rule.contentTypes === undefined ? 'yes' : contentMoment(rule.contentTypes, ready.denies, this.#facts)
    if (moment === 'no') return 'content-type'
    if (ready.lists !== undefined && !this.#listed(ready.lists)) return 'list'
    if (ready.userAgents !== undefined && !this.#agent(ready.userAgents.first, ready.userAgents.end)) return 'user-agent'
    if (ready.uri !== undefined && !this.#uri(ready.uri.first, ready.uri.end)) return 'uri'
    return moment === 'response' ? RESPONSE : 0
  }

  /** A CONNECT to port 80 says where, and nothing of the requests inside: they are asked when they come. */
  #askInside(ready: ReadyWebRule): number | Failed {
    const { rule } = ready
    if (rule.methods?.every((method) => method === 'CONNECT') === true) return 'methods'
    const listed = ready.lists === undefined || this.#listed(ready.lists)
    const seen = listed && rule.methods === undefined && rule.contentTypes === undefined && ready.userAgents === undefined && ready.uri === undefined
    return seen ? 0 : MAYBE
  }

  #uri(first: number, end: number): boolean {
    const { uri } = this.#facts
    this.#decoded ??= decodeUnreserved(uri)
    this.#firstUri ??= this.#web.uris.firstMatch(uri, this.#decoded)
    const found = this.#firstUri
    if (found < 0 || found >= end) return false
    if (found >= first) return true
    this.#uriMatches ??= this.#web.uris.matching(uri, this.#decoded)
    return someIn(this.#uriMatches, first, end)
  }

  #agent(first: number, end: number): boolean {
    const agent = this.#facts.userAgent
    if (agent === undefined) return false
    this.#firstAgent ??= this.#web.userAgents.firstMatch(agent, agent)
    const found = this.#firstAgent
    if (found < 0 || found >= end) return false
    if (found >= first) return true
    this.#agentMatches ??= this.#web.userAgents.matching(agent, agent)
    return someIn(this.#agentMatches, first, end)
  }

  #listed(lists: readonly number[]): boolean {
    const answers = this.#web.scratch.lists
    if (!this.#listsAsked) {
      answers.fill(0)
      this.#listsAsked = true
    }
    const { target, uri } = this.#facts
    for (const index of lists) {
      if (answers[index] === 0) {
        this.#decoded ??= decodeUnreserved(uri)
        answers[index] = this.#web.lists[index]?.matches(target.host, uri, this.#decoded) === true ? 2 : 1
      }
      if (answers[index] === 2) return true
    }
    return false
  }
}

function someIn(matches: (index: number) => boolean, first: number, end: number): boolean {
  for (let index = first; index < end; index++) if (matches(index)) return true
  return false
}
