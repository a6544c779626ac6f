// The way of a packet through the chains as people and programs read it. Danger prevented: a verdict without the lines that led to it.
import type { Action } from './model.ts'
import type { Outcome, Step } from './walk.ts'

export interface ToldStep {
  /** as the ruleset calls it: iptables has `GG_` before it, nft lower case */
  readonly chain: string
  /** of its lines, from 1 */
  readonly line: number
  readonly action: string
  /** the line's `gg:` comment, without it */
  readonly comment?: string
  /** it led into a chain that came back, or logged: the packet went on behind it */
  readonly passed?: true
}

function actionText(action: Action, family: 4 | 6): string {
  switch (action.kind) {
    case 'reject': return `reject with ${action[family]}`
    case 'jump': case 'goto': return `${action.kind} ${action.chain}`
    case 'log': case 'nflog': return `${action.kind} "${action.prefix}"`
    case 'mark': return 'mark the flow'
    case 'classify': return `into the queue ${action.queue}`
    case 'count': return 'count in the ledger'
    default: return action.kind
  }
}

/** Every line that matched, in order; those apart that decided are `passed`. */
export function pathOf(steps: readonly Step[], outcome: Outcome, family: 4 | 6): readonly ToldStep[] {
  const deciding = new Set(outcome.path)
  return steps.map((step) => ({
    chain: step.chain,
    line: step.rule.number,
    action: step.rule.actions.map((action) => actionText(action, family)).join(', '),
    ...(step.rule.comment === undefined ? {} : { comment: step.rule.comment }),
    ...(deciding.has(step) ? {} : { passed: true as const }),
  }))
}

const NAMES: Readonly<Record<string, string>> = {
  'tcp-reset': 'a TCP reset', 'icmp 3/0': 'icmp-net-unreachable', 'icmp 3/1': 'icmp-host-unreachable', 'icmp 3/2': 'icmp-proto-unreachable', 'icmp 3/3': 'icmp-port-unreachable',
  'icmp 3/9': 'icmp-net-prohibited', 'icmp 3/10': 'icmp-host-prohibited', 'icmp 3/13': 'icmp-admin-prohibited', 'icmpv6 1/0': 'icmp6-no-route', 'icmpv6 1/1': 'icmp6-adm-prohibited',
  'icmpv6 1/3': 'icmp6-addr-unreachable', 'icmpv6 1/4': 'icmp6-port-unreachable',
}

/** In iptables' words. */
export function answerName(answer: string): string {
  return NAMES[answer] ?? answer
}
