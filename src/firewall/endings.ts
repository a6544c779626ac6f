// How a packet's way through our chains ends: vetted, denied, refused, logged; each end once, so that every rule that denies does the
// same. Danger prevented: a flow that a former policy accepted and that goes on, unseen, under one that denies it.
import type { Policy, RejectWith } from '../policy/policy.ts'
import { ledgerChain, toLedger } from './ledger.ts'
import { COMMON_LOG, DENIAL_LOG, denialLog, logChain } from './logs.ts'
import type { Way } from './logs.ts'
import { ACCEPT, DROP, REJECT_PORT, RESET, goTo, jump, line } from './ruleset.ts'
import type { Answer, Chain, Limit, Line, Verdict } from './ruleset.ts'

export const PING: Limit = { perSecond: 20, burst: 40 }

export const TCP = { protocol: 'tcp', ports: [] } as const

export function chain(name: string, lines: readonly Line[]): Chain {
  return { name, table: 'filter', lines }
}

/** A flow that this policy does not allow any more learns it with its next packet, and so does not hang. */
export function revoked(): Line {
  return line({ state: 'established', l4: TCP }, RESET, 'revoked')
}

export function quiet(verdict: Verdict): Line {
  return line({ destinationKinds: ['broadcast', 'multicast'] }, verdict, 'quiet')
}

/** The head of every way in: only flows that this generation has vetted take the short path. */
export function stateChain(generation: number): Chain {
  return chain('STATE', [
    line({ state: 'established', vettedBy: generation }, ACCEPT, 'established'),
    line({ state: 'established', direction: 'reply' }, ACCEPT, 'reply'),
    // to conntrack a redirect is an error of a known flow; to us it is a stranger's wish to move it
    line({ l4: { protocol: 'icmp', types: [5] } }, DROP, 'redirect', [4]),
    // ICMP errors alone: no helper's data connections
    line({ state: 'related', l4: { protocol: 'icmp', types: [] } }, ACCEPT, 'related', [4]),
    line({ state: 'related', l4: { protocol: 'icmp', types: [] } }, ACCEPT, 'related', [6]),
    line({ state: 'invalid' }, DROP, 'invalid'),
    line({ state: 'new', notSyn: true }, RESET, 'new-not-syn'),
  ])
}

export function denyChains(): readonly Chain[] {
  return [
    chain('DENY', [revoked(), toLedger(), line({}, DROP)]),
    chain('REFUSE', [toLedger(), line({}, goTo('REFUSED'))]),
    // for whoever has been in the ledger already
    chain('REFUSED', [line({ l4: TCP }, RESET), line({}, REJECT_PORT)]),
    // to a running TCP flow an ICMP error is no end: it would hang
    ...Object.values(ANSWERS).filter((answer) => answer !== 'reset').map((answer) => chain(refusalChain(answer), [revoked(), toLedger(), line({}, { kind: 'reject', with: answer })])),
    ledgerChain(),
  ]
}

const ANSWERS: Readonly<Record<RejectWith, Answer>> = {
  'icmp-port-unreachable': 'port', 'icmp-net-unreachable': 'net', 'icmp-host-unreachable': 'host', 'icmp-proto-unreachable': 'protocol',
  'icmp-net-prohibited': 'net-prohibited', 'icmp-host-prohibited': 'host-prohibited', 'icmp-admin-prohibited': 'admin', 'tcp-reset': 'reset',
}

/** A reset is TCP's alone: what else the rule speaks of hears that the port is not there. */
function refusalChain(answer: Answer): string {
  return answer === 'reset' ? 'REFUSE' : `REFUSE_${answer.toUpperCase().replace('-', '_')}`
}

/** Where rules and blocks lead that deny; under `mode: observe` all of them lead past. */
export function denialOf(policy: Policy, way: Way, action: 'deny' | 'drop' | 'reject', rejectWith?: RejectWith): Verdict {
  if (policy.mode === 'observe') return goTo(wouldDrop(way))
  const fallback = policy.gateway.default
  if ((action === 'deny' ? fallback.action : action) === 'drop') return goTo('DENY')
  return goTo(refusalChain(ANSWERS[rejectWith ?? (action === 'deny' ? fallback.rejectWith : undefined) ?? 'tcp-reset']))
}

function wouldDrop(way: Way): string {
  return way === 'GREEN' ? 'WOULD_DROP' : `${way}_WOULD_DROP`
}

/** Logs what would have been dropped and lets it pass. */
export function wouldChains(policy: Policy, ways: readonly Way[]): readonly Chain[] {
  return ways.map((way) => chain(wouldDrop(way), [toLedger(), line({ limit: DENIAL_LOG }, jump(denialLog(policy, way, 'drop'))), line({}, goTo('VETTED'), 'would-drop')]))
}

/** The last line for what no rule decided: as `gateway.default` says. */
export function defaultLines(policy: Policy, comment = 'default-deny'): readonly Line[] {
  const { action, rejectWith = 'tcp-reset' } = policy.gateway.default
  if (action === 'drop') return [line({}, DROP, comment)]
  if (rejectWith !== 'tcp-reset') return [line({}, { kind: 'reject', with: ANSWERS[rejectWith] }, comment)]
  return [line({ l4: TCP }, RESET, comment), line({}, REJECT_PORT, comment)]
}

/** What came in where nothing may: red, or an interface that the policy does not name. */
export function redDropChain(policy: Policy): Chain {
  const log = policy.gateway.default.log
  return chain('RED_DROP', [
    line({ destinationKinds: ['broadcast', 'multicast'] }, DROP, 'quiet'),
    ...(log ? [line({ limit: COMMON_LOG }, jump('RED_LOG'))] : []),
    line({}, DROP, 'red-deny'),
  ])
}

export function redLogChain(): Chain {
  return logChain('RED_LOG', 'RED DROP ')
}

