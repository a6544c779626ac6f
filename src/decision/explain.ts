// Why: the verdict on one question with every rule that was tried, from the judgement itself. Pure: whoever asks gives the clock's time and
// the addresses. Danger prevented: an explanation that differs from what happens.
import type { Ip } from '../net/ip.ts'
import type { Place } from '../policy/diagnostic.ts'
import type { PacketAsk, WebAsk } from './ask.ts'
import type { CompiledPolicy } from './compile.ts'
import { decide } from './decide.ts'
import type { Cause, Client, RequestFacts, TraceStep } from './facts.ts'
import { outcome } from './outcome.ts'
import { decidePacket } from './packet.ts'
import { packetText } from './packet-text.ts'
import { ask, unmentioned } from './question.ts'

export interface ExplainQuestion {
  readonly client: Client
  readonly via: Ip
  readonly now: number
  readonly ask: WebAsk | { readonly kind: 'packet'; readonly packets: readonly PacketAsk[] }
  /** of the target's name, where they were asked for; undefined: taken as public */
  readonly addresses?: readonly Ip[]
  readonly userAgent?: string
  readonly contentType?: string
}

export interface Plane {
  readonly verdict: 'allow' | 'deny'
  readonly rule: string
  readonly reason: string
  /** `file:line:column` */
  readonly place?: string
  /** of a packet: what is sent, and what becomes of it */
  readonly packet?: string
  readonly action?: 'accept' | 'drop' | 'reject'
  /** of a rejected packet: what its sender gets */
  readonly answer?: string
  /** allowed, and slowed down: `50kB/s` in each direction, or `low` */
  readonly limit?: string
  /** the packet is caught, and the proxy answers in its place */
  readonly caught?: true
  /** whose the rate is */
  readonly per?: 'client' | 'group'
  readonly observed?: true
}

export interface ExplainedStep extends Omit<TraceStep, 'place'> {
  readonly place?: string
}

/** What `greengate explain --json` prints. */
export interface Explanation {
  readonly verdict: 'allow' | 'deny'
  readonly rule: string
  readonly reason: string
  /** the deciding rule's place, and the reason */
  readonly because: string
  /** allowed, and slowed down */
  readonly limit?: string
  /** a policy in observe mode lets it pass: `rule` names what would have denied it */
  readonly observed?: true
  readonly planes: { readonly proxy?: Plane; readonly direct: Plane }
  readonly trace: readonly ExplainedStep[]
}

/** Would the proxy resolve the target's name at all? */
export function needsAddresses(compiled: CompiledPolicy, question: ExplainQuestion): boolean {
  if (question.ask.kind === 'packet' || question.ask.target.host.kind === 'address') return false
  return outcome(compiled, decide(compiled, factsOf(question, question.ask))).verdict === 'open'
}

export function explain(compiled: CompiledPolicy, question: ExplainQuestion): Explanation {
  return question.ask.kind === 'web' ? explainWeb(compiled, question, question.ask) : explainPacket(compiled, question, question.ask.packets)
}

function factsOf(question: ExplainQuestion, web: WebAsk): RequestFacts {
  const { client, via, now, userAgent, contentType } = question
  const { method, target, uri, tunnel } = web
  return { client, via, now, method, target, uri, tunnel, userAgent, contentType }
}

function explainWeb(compiled: CompiledPolicy, question: ExplainQuestion, web: WebAsk): Explanation {
  const trace: TraceStep[] = []
  if (web.told !== undefined) trace.push({ what: `${web.method} ${web.uri}`, result: 'open', detail: web.told })
  else if (web.tunnel) trace.push({ what: `${web.method} ${web.uri}`, result: 'open', detail: 'paths and what else runs inside TLS are not seen' })
  const whole = { facts: factsOf(question, web), addresses: question.addresses, responseType: undefined, serverName: undefined }
  const enforced = ask(compiled, whole, false, trace)
  const done = compiled.policy.mode === 'observe' ? ask(compiled, whole, true, undefined) : enforced
  const lifted = enforced.verdict === 'deny' && done.verdict === 'allow'
  if (lifted) trace.push({ what: 'mode: observe', result: 'observed', detail: `${enforced.cause.by} is recorded, and the request passes` })
  const cause = lifted ? enforced.cause : done.cause
  const limit = done.endpoint?.limit
  const proxy: Plane = { ...plane(done.verdict, cause, lifted), ...(limit === undefined ? {} : { limit: limit.text, per: limit.per }) }
  return finish(proxy, cause, { proxy, direct: directPlane(compiled, question, web) }, trace)
}

/** The packet that would go past the proxy. Where no address is known it is judged for one that the policy does not mention, and that is told as such. */
function directPlane(compiled: CompiledPolicy, question: ExplainQuestion, web: WebAsk): Plane {
  const { host, port } = web.target
  const known = host.kind === 'address' ? host.address : question.addresses?.[0]
  const to = known ?? unmentioned(compiled)
  const { plane: told } = packetPlane(compiled, question, { protocol: 'tcp', port, to }, undefined)
  if (known !== undefined) return told
  const named = (text: string): string => text.replaceAll(to.text, 'a public address')
  return { ...told, reason: named(told.reason), ...(told.packet === undefined ? {} : { packet: named(told.packet) }) }
}

function explainPacket(compiled: CompiledPolicy, question: ExplainQuestion, packets: readonly PacketAsk[]): Explanation {
  let worst: { readonly plane: Plane; readonly cause: Cause; readonly trace: readonly TraceStep[] } | undefined
  for (const packet of packets) {
    const trace: TraceStep[] = []
    const judged = packetPlane(compiled, question, packet, trace)
    if (worst === undefined || (worst.plane.verdict === 'allow' && judged.plane.verdict === 'deny')) worst = { ...judged, trace }
  }
  if (worst === undefined) throw new Error('a question without a packet')
  return finish(worst.plane, worst.cause, { direct: worst.plane }, worst.trace)
}

function packetPlane(compiled: CompiledPolicy, question: ExplainQuestion, packet: PacketAsk, trace: TraceStep[] | undefined): { readonly plane: Plane; readonly cause: Cause } {
  const { client, now } = question
  const from = compiled.known.own.has(client.address) ? 'gateway' : client
  const facts = { from, now, ...packet } as const
  const decision = decidePacket(compiled, facts, trace)
  // printed rules in observe mode let pass what they would drop; anti-spoofing and the red side stay enforced
  const passes = decision.verdict === 'deny' && compiled.policy.mode === 'observe' && decision.firm !== true
  if (passes) trace?.push({ what: 'mode: observe', result: 'observed', detail: `${decision.cause.by} is logged, and the packet passes` })
  const told = plane(passes ? 'allow' : decision.verdict, decision.cause, passes)
  return { plane: { ...told, packet: packetText(facts), action: passes ? 'accept' : decision.action, ...(passes || decision.answer === undefined ? {} : { answer: decision.answer }), ...(decision.limit === undefined ? {} : { limit: decision.limit.text }), ...(decision.caught === true ? { caught: true } : {}) }, cause: decision.cause }
}

function plane(verdict: 'allow' | 'deny', cause: Cause, lifted: boolean): Plane {
  return { verdict, rule: cause.by, reason: cause.reason, ...(cause.place === undefined ? {} : { place: placeText(cause.place) }), ...(lifted ? { observed: true } : {}) }
}

function placeText(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}

function finish(decided: Plane, cause: Cause, planes: Explanation['planes'], trace: readonly TraceStep[]): Explanation {
  const { verdict, rule, reason } = decided
  return {
    verdict, rule, reason,
    because: cause.place === undefined ? reason : `${placeText(cause.place)}: ${reason}`,
    ...(decided.limit === undefined ? {} : { limit: decided.limit }),
    ...(decided.observed === true ? { observed: true } : {}),
    planes,
    trace: trace.map(({ what, place, result, detail }) => ({ what, ...(place === undefined ? {} : { place: placeText(place) }), result, ...(detail === undefined ? {} : { detail }) })),
  }
}
