// One packet through the compiled ruleset: the verdict, the rule of the policy with its place, and the chain path. Danger prevented: an admin
// who must guess which of five hundred lines dropped his packet.
import type { RulesetFacts } from '../firewall/facts.ts'
import { safeId } from '../firewall/rule-id.ts'
import { sameIp } from '../net/ip.ts'
import type { Place } from '../policy/diagnostic.ts'
import type { Policy } from '../policy/policy.ts'
import { pathOf } from './chain-path.ts'
import type { ToldStep } from './chain-path.ts'
import { ruleOfOutcome } from './judges.ts'
import type { Model } from './model.ts'
import type { Packet } from './packet.ts'
import { serviceAt } from './service.ts'
import { Walk } from './walk.ts'

export interface Simulation {
  readonly verdict: 'accept' | 'drop' | 'reject'
  /** of a rejection: what goes back */
  readonly answer?: string
  /** the rule's id, or `blocks`, `serve`, `admin`, `default` */
  readonly rule: string
  readonly place?: Place
  /** what the deciding line is called in every back end, without `gg:` */
  readonly line?: string
  readonly path: readonly ToldStep[]
  /** prefixes of what is logged, while the sender is within its limits */
  readonly logs: readonly string[]
  readonly masquerade: boolean
}

/** Where the rule or the block's line stands. */
function placeOf(policy: Policy, facts: RulesetFacts, comment: string | undefined, packet: Packet): Pick<Simulation, 'rule' | 'place'> {
  if (comment === undefined) return { rule: 'default' }
  const [kind = '', name = ''] = comment.split(':')
  if (kind === 'rule') {
    const rule = policy.rules.find((each) => safeId(each.id) === name)
    return rule === undefined ? { rule: name } : { rule: rule.id, place: rule.place }
  }
  if (kind !== 'blocks') return { rule: kind }
  const source = policy.blocks.find((each) => safeId(each.name) === name)
  const service = serviceAt(packet.service)
  const port = service.protocol === 'tcp' || service.protocol === 'udp' ? service.port : undefined
  const entry = source === undefined ? undefined : facts.blocks.get(source.name)?.find((each) => sameIp(each.address, packet.source) && (each.port === undefined || each.port === port))
  return { rule: 'blocks', ...(source === undefined || entry === undefined ? {} : { place: { file: source.file, line: entry.line, column: 1 } }) }
}

export function simulate(model: Model, policy: Policy, facts: RulesetFacts, packet: Packet): Simulation {
  const walk = new Walk(model, packet)
  const outcome = walk.outcome()
  const { verdict, answer, path, logs, masquerade } = outcome
  const by = ruleOfOutcome(outcome)
  const named = by === 'default' ? undefined : path.find(({ rule: { comment } }) => comment === by || (by === 'blocks' && comment?.startsWith('blocks:') === true))?.rule.comment
  const line = path.findLast(({ rule: { comment } }) => comment !== undefined)?.rule.comment
  return {
    verdict, ...(answer === undefined ? {} : { answer }), ...placeOf(policy, facts, named, packet), ...(line === undefined ? {} : { line }),
    path: pathOf(walk.steps, outcome, packet.family), logs: [...new Set(logs.map((log) => log.replace(/^(?:nf)?log /, '').trimEnd()))], masquerade,
  }
}
