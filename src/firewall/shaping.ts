// Rules that slow down instead of refusing: each has a class, which the flow's mark bears from its first packet on, so that what comes back is
// slowed too. Danger prevented: a limit that holds for the packet that the rule saw, and not for the download that it began.
import type { PacketRule, Policy } from '../policy/policy.ts'
import { chain } from './endings.ts'
import { safeId } from './rule-id.ts'
import { ACCEPT, line } from './ruleset.ts'
import type { Chain, Note, ShapeClass, Shaping, Verdict } from './ruleset.ts'

/** A byte of the mark, less the value that means none. */
export const MOST_CLASSES = 255

/** By the rule's place among those that limit, in force now or not: a class that changes its number would slow somebody else's flows. */
function limiting(policy: Policy): readonly PacketRule[] {
  return policy.rules.filter((rule) => rule.limit !== undefined)
}

/** 1..255; undefined: the rule slows nothing. While a policy observes, nothing is slowed. */
export function classOf(policy: Policy, rule: PacketRule): number | undefined {
  return rule.limit === undefined || policy.mode === 'observe' ? undefined : limiting(policy).indexOf(rule) + 1
}

export function vettedName(shapeClass: number): string {
  return `VETTED_${shapeClass}`
}

/** Accepted, and slowed: in place of VETTED. */
export function vetted(policy: Policy, rule: PacketRule): Verdict {
  const shapeClass = classOf(policy, rule)
  return { kind: 'goto', chain: shapeClass === undefined ? 'VETTED' : vettedName(shapeClass) }
}

/** VETTED and one for each class; where there are classes, a flow that is judged anew and not slowed any more loses its own. */
export function vettedChains(policy: Policy, generation: number): readonly Chain[] {
  const shaped = policy.mode === 'observe' ? [] : limiting(policy)
  return [
    chain('VETTED', [line({}, { kind: 'vet', generation, ...(shaped.length === 0 ? {} : { class: 0 }) }), line({}, ACCEPT)]),
    ...shaped.map((_, index) => chain(vettedName(index + 1), [line({}, { kind: 'vet', generation, class: index + 1 }), line({}, ACCEPT)])),
  ]
}

/** Every packet of a slowed flow into its class, whichever way it leaves. It stands without lines too: loaded over other rules, it empties theirs. */
export function shapeChain(shaping: Shaping | undefined): Chain {
  const lines = (shaping?.classes ?? []).map((each) => line({ flowClass: each.id }, { kind: 'classify', class: each.id }, `limit:${each.rule}`))
  return { name: 'SHAPE', table: 'mangle', hook: 'postrouting', lines }
}

/** Of the rules in force; undefined: nothing is slowed. */
export function shapingOf(policy: Policy, standing: readonly PacketRule[]): Shaping | undefined {
  const classes: readonly ShapeClass[] = standing.flatMap((rule) => {
    const id = classOf(policy, rule)
    if (id === undefined || rule.mode === 'observe' || rule.limit === undefined) return []
    return [{ id, rule: safeId(rule.id), ...(rule.limit.rate === undefined ? {} : { rate: rule.limit.rate }) }]
  })
  if (classes.length === 0) return undefined
  const lines = new Map<string, number | undefined>()
  for (const { interface: name, rate } of [...policy.gateway.green, ...policy.gateway.red]) lines.set(name, rate ?? lines.get(name))
  return { classes, lines: [...lines].map(([name, rate]) => ({ interface: name, ...(rate === undefined ? {} : { rate }) })) }
}

/** What classes cannot do, told. */
export function shapingNotes(policy: Policy, standing: readonly PacketRule[], single: boolean): readonly Note[] {
  const notes: Note[] = []
  for (const rule of standing) {
    if (rule.limit === undefined) continue
    const { place } = rule
    if (single) notes.push({ code: 'firewall-limit', place, message: `rule \`${rule.id}\` is allowed and not slowed: a single machine's rules know no interface`, hint: 'limit at the gateway' })
    else if (policy.mode === 'observe') notes.push({ code: 'firewall-limit', place, message: `rule \`${rule.id}\` is allowed and not slowed while the policy observes` })
    else {
      if (policy.gateway.red.length === 0) notes.push({ code: 'firewall-limit', place, message: `rule \`${rule.id}\` slows what comes in for green, and not what leaves: no \`gateway.red\` says by which interface it does` })
      if (rule.from.gateway) notes.push({ code: 'firewall-limit', place, message: `rule \`${rule.id}\` slows what the gateway sends; what comes back to the gateway itself is there before anybody could slow it` })
      if (rule.to.gateway) notes.push({ code: 'firewall-limit', place, message: `rule \`${rule.id}\` slows what the gateway answers; what is sent to the gateway itself is there before anybody could slow it` })
      if (rule.limit.low === true && policy.gateway.red.every(({ rate }) => rate === undefined)) {
        notes.push({
          code: 'firewall-line', place, message: `rule \`${rule.id}\` yields where a network card is busy, and nothing says that the line behind it is slower`,
          hint: 'say what the line carries: `red: { rate: 10Mbit/s }` for what leaves, `green: { rate: 50Mbit/s }` for what comes in',
        })
      }
    }
  }
  return notes
}
