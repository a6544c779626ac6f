// What the log says of a packet, by the way on which it was met: `GREEN DROP `, `RED DROP `, `OUTPUT REJECT `, ... The word is what becomes
// of it. Danger prevented: a log that says dropped of a packet that was answered, or that leaves open which way it went.
import type { Policy } from '../policy/policy.ts'
import { line } from './ruleset.ts'
import type { Chain, Limit, Line } from './ruleset.ts'

export const LOG_GROUP = 5

/** One noisy host fills its own bucket and hides nobody else. */
export const DENIAL_LOG: Limit = { perSecond: 5, burst: 10, perSource: 'green' }
/** Rules that log do so by their author's wish: looser. */
export const RULE_LOG: Limit = { perSecond: 50, burst: 100, perSource: 'rule' }
/** Senders of the internet are countless, and the gateway itself is one: one bucket for all. */
export const COMMON_LOG: Limit = { perSecond: 5, burst: 10 }

/** A gateway: what came in through green, and what it sends itself. A single machine: its three hooks. */
export type Way = 'GREEN' | 'INPUT' | 'FORWARD' | 'OUTPUT'

/** NFLOG is seen in every namespace and loses nothing quietly; LOG is what every administrator reads. */
export function logLines(prefix: string): readonly Line[] {
  return [line({}, { kind: 'nflog', prefix }), line({}, { kind: 'log', prefix })]
}

export function logChain(name: string, prefix: string): Chain {
  return { name, table: 'filter', lines: logLines(prefix) }
}

/** Under `mode: observe` everything is logged that would not have passed. */
export function logsDenials(policy: Policy): boolean {
  return policy.mode === 'observe' || policy.gateway.default.log
}

/** The chain that logs a packet of this way which is going to be dropped, or refused; one that is only observed `WOULD DROP`. */
export function denialLog(policy: Policy, way: Way, action: 'drop' | 'reject'): string {
  return policy.mode === 'enforce' && action === 'reject' ? `${way}_REJECT_LOG` : `${way}_LOG`
}

export function denialLogChains(policy: Policy, ways: readonly Way[]): readonly Chain[] {
  const would = policy.mode === 'observe' ? 'WOULD ' : ''
  return ways.flatMap((way) => [logChain(`${way}_LOG`, `${way} ${would}DROP `), logChain(`${way}_REJECT_LOG`, `${way} REJECT `)])
}
