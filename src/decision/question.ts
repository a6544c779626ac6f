// A whole request put to the judge without a wire: decide, guard, the tunnel's name, the response, in the order in which traffic meets
// them. Danger prevented: a test or an explanation with a judgement of its own.
import { ipFromValue } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { networkSet, subtract } from '../net/network.ts'
import { reserved } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import { decide } from './decide.ts'
import type { Cause, Denial, Endpoint, Leave, Observed, Permit, RequestFacts } from './facts.ts'
import { guard } from './guard.ts'
import { outcome } from './outcome.ts'
import { decideResponse } from './response.ts'
import { tell } from './trace.ts'
import type { Trace } from './trace.ts'

export interface Question {
  readonly facts: RequestFacts
  /** of a name; undefined: taken as one public address that the policy does not mention */
  readonly addresses: readonly Ip[] | undefined
  readonly responseType: string | undefined
  readonly serverName: string | undefined
}

export interface Answer {
  readonly verdict: 'allow' | 'deny'
  readonly cause: Cause
  readonly observed: readonly Observed[]
  readonly endpoint: Endpoint | undefined
}

/** `observe: false`: as enforced, whatever the policy's mode. */
export function ask(compiled: CompiledPolicy, question: Question, observe: boolean, trace: Trace): Answer {
  const { facts } = question
  const lift = <T extends Leave | Permit>(decision: Denial | T): Denial | T => (observe ? (outcome(compiled, decision as Denial | Leave) as Denial | T) : decision)
  const leave = lift(decide(compiled, facts, trace))
  if (leave.verdict === 'deny') return denied(leave)
  const { host } = facts.target
  const addresses = host.kind === 'address' ? [host.address] : (question.addresses ?? [unmentioned(compiled)])
  if (host.kind === 'name') tell(trace, 'addresses', 'match', question.addresses === undefined ? 'taken as public' : addresses.map((each) => each.text).join(', '))
  // a numeric target was judged whole before: its steps are told once
  const permit = lift(guard(compiled, leave, addresses, host.kind === 'name' ? trace : undefined))
  if (permit.verdict === 'deny') return denied(permit)
  const endpoint = permit.endpoints[0]
  if (endpoint === undefined) throw new Error('a permit without an endpoint')
  const misnamed = wrongName(question, endpoint)
  if (misnamed !== undefined) {
    tell(trace, 'tunnels.server-name', 'match', misnamed.reason)
    return { verdict: 'deny', cause: misnamed, observed: permit.observed, endpoint: undefined }
  }
  const response = decideResponse(compiled, permit, endpoint, question.responseType, trace)
  if (response !== undefined) {
    const stands = observe ? outcome(compiled, response) : response
    if (stands !== undefined) return denied(stands)
    return { verdict: 'allow', cause: response.cause, observed: [...permit.observed, { verdict: 'deny', cause: response.cause }], endpoint }
  }
  return { verdict: 'allow', cause: endpoint.cause, observed: permit.observed, endpoint }
}

function denied(denial: Denial): Answer {
  return { verdict: 'deny', cause: denial.cause, observed: denial.observed, endpoint: undefined }
}

function wrongName(question: Question, endpoint: Endpoint): Cause | undefined {
  const { serverName, facts } = question
  if (serverName === undefined || !facts.tunnel || endpoint.tunnels.serverName === 'any') return undefined
  const { host } = facts.target
  if (host.kind === 'name' && host.name === serverName) return undefined
  return reserved('server-name', `the tunnel's server name ${serverName} is not the target that was asked for`)
}

const chosen = new WeakMap<CompiledPolicy, Ip>()

/** A public address that stands in no network of the policy, where there is one. */
export function unmentioned(compiled: CompiledPolicy): Ip {
  const known = chosen.get(compiled)
  if (known !== undefined) return known
  const { policy } = compiled
  const ranges = [
    ...policy.gateway.green.map(({ network }) => network),
    ...[...policy.addresses.values()].flatMap((set) => set.ranges),
    ...policy.rules.flatMap((rule) => [...rule.from.ranges, ...rule.to.ranges]),
    ...policy.web.rules.flatMap((rule) => [...(rule.from?.ranges ?? []), ...(rule.to?.ranges ?? []), ...(rule.resolvesTo ?? [])]),
  ]
  // one that holds everything would leave nothing to choose from
  const narrow = ranges.filter((range) => range.last - range.first < 1n << (range.family === 4 ? 31n : 125n))
  const range = subtract(compiled.known.public, networkSet(narrow)).ranges[0] ?? compiled.known.public.ranges[0]
  const address = range === undefined ? compiled.untouched : ipFromValue(range.family, range.first)
  if (address === undefined) throw new Error('no address is public')
  chosen.set(compiled, address)
  return address
}
