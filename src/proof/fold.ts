// Lines that differ in one list alone become one line again: iptables has a line for each entry of a list. Danger prevented: a block file of
// ten thousand addresses that makes a proof of ten thousand lines for every packet. Meaning nothing else: the lines stand side by side and
// do the same.
import { networkSet } from '../net/network.ts'
import type { Chain, Model, Rule, Test } from './model.ts'
import { modelFrom } from './model.ts'

type Folded = 'service' | 'source' | 'destination' | 'mac' | 'in' | 'out'
const FOLDED: readonly Folded[] = ['service', 'destination', 'source', 'mac', 'in', 'out']

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return each.toString(16)
    return each instanceof Set ? [...each].sort() : each
  })
}

/** What must be the same; undefined: the line has no one list of this kind. */
function restOf(rule: Rule, on: Folded): string | undefined {
  const own = rule.tests.filter((test) => test.on === on)
  // two tests of one kind are one after the other, not one or the other; and a bucket is filled by each line that asks it
  if (own.length !== 1 || rule.tests.some((test) => test.on === 'rate') || own.some((test) => 'not' in test && test.not)) return undefined
  return textOf([rule.tests.filter((test) => test.on !== on), rule.actions, rule.comment])
}

function union(a: Test, b: Test): Test {
  if (a.on === 'service' && b.on === 'service') return { ...a, spans: [...a.spans, ...b.spans] }
  if ((a.on === 'source' && b.on === 'source') || (a.on === 'destination' && b.on === 'destination')) return { ...a, set: networkSet([...a.set.ranges, ...b.set.ranges]) }
  if (a.on === 'mac' && b.on === 'mac') return { ...a, macs: new Set([...a.macs, ...b.macs]) }
  if ((a.on === 'in' && b.on === 'in') || (a.on === 'out' && b.on === 'out')) return { ...a, names: new Set([...a.names, ...b.names]) }
  throw new Error(`${a.on} and ${b.on} are no one list`)
}

function together(rules: readonly Rule[], on: Folded): Rule {
  const [first] = rules
  if (first === undefined) throw new Error('no rule to fold')
  const own = rules.flatMap((rule) => rule.tests.filter((test) => test.on === on))
  // a list at a time: pair by pair, ten thousand would be merged ten thousand times
  let level = own
  while (level.length > 1) level = level.flatMap((test, index) => (index % 2 === 1 ? [] : [level[index + 1] === undefined ? test : union(test, level[index + 1] ?? test)]))
  const [one] = level
  return one === undefined ? first : { ...first, tests: first.tests.map((test) => (test.on === on ? one : test)) }
}

function foldRules(rules: readonly Rule[], on: Folded): readonly Rule[] {
  const out: Rule[] = []
  for (let index = 0; index < rules.length;) {
    const rule = rules[index]
    if (rule === undefined) break
    const rest = restOf(rule, on)
    let end = index + 1
    if (rest !== undefined) while (end < rules.length && restOf(rules[end] ?? rule, on) === rest) end += 1
    out.push(end === index + 1 ? rule : together(rules.slice(index, end), on))
    index = end
  }
  return out
}

export function folded(model: Model): Model {
  return modelFrom([...model.chains.values()].map((chain): Chain => {
    let { rules } = chain
    for (const on of FOLDED) rules = foldRules(rules, on)
    return { ...chain, rules }
  }))
}
