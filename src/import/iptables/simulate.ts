// What the rules do with one packet: raw, mangle and filter in the kernel's order, chains jumped into and returned from. Where a rule may or may
// not fit, both ways are followed, so that the answer is every verdict that there can be. Danger prevented: a guess told as a verdict.
import { chainKey } from './rule.ts'
import type { Fit, IptChain, IptRule, IptText, Probe, TableName } from './rule.ts'

export interface Outcome {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'unknown'
  /** the rule that decided, or the chain whose policy did */
  readonly by: IptRule | IptChain | undefined
}

const HOOKS: Readonly<Record<Probe['way'], readonly (readonly [TableName, string])[]>> = {
  in: [['raw', 'PREROUTING'], ['mangle', 'PREROUTING'], ['mangle', 'INPUT'], ['filter', 'INPUT'], ['security', 'INPUT']],
  forward: [['raw', 'PREROUTING'], ['mangle', 'PREROUTING'], ['mangle', 'FORWARD'], ['filter', 'FORWARD'], ['security', 'FORWARD'], ['mangle', 'POSTROUTING']],
  out: [['raw', 'OUTPUT'], ['mangle', 'OUTPUT'], ['filter', 'OUTPUT'], ['security', 'OUTPUT'], ['mangle', 'POSTROUTING']],
}
const DEEPEST = 64

interface Walk {
  readonly ends: Outcome[]
  /** may it leave the chain at its end, or by RETURN? */
  readonly falls: boolean
}

export function fitOf(rule: IptRule, probe: Probe): Fit {
  if (rule.family !== probe.to.family || rule.faults.length > 0) return 'no'
  let all: Fit = 'yes'
  for (const { fits } of rule.tests) {
    const one = fits(probe)
    if (one === 'no') return 'no'
    if (one === 'maybe') all = 'maybe'
  }
  return all
}

function walk(text: IptText, chain: IptChain, probe: Probe, depth: number): Walk {
  const ends: Outcome[] = []
  let mayFall = false
  for (const rule of chain.rules) {
    const fit = fitOf(rule, probe)
    if (fit === 'no' || rule.target === undefined) continue
    const { target } = rule
    if (target.kind === 'passes' || target.kind === 'translate') continue
    if (target.kind === 'jump' || target.kind === 'goto') {
      const next = text.chains.get(chainKey(rule.family, rule.table, target.chain))
      if (next === undefined || depth > DEEPEST) continue
      const inner = walk(text, next, probe, depth + 1)
      ends.push(...inner.ends)
      // what comes back from a `goto` goes on where this chain was called
      if (target.kind === 'goto' && inner.falls) mayFall = true
      if (fit === 'yes' && (target.kind === 'goto' || !inner.falls)) return { ends, falls: mayFall }
    } else if (target.kind === 'return') {
      if (fit === 'yes') return { ends, falls: true }
      mayFall = true
    } else {
      ends.push({ verdict: target.kind === 'unknown' ? 'unknown' : target.kind, by: rule })
      if (fit === 'yes') return { ends, falls: mayFall }
    }
  }
  return { ends, falls: true }
}

/** What the rules ask for that this packet does not say; the first of it. */
export function unsureAt(text: IptText, probe: Probe): string | undefined {
  for (const rule of text.rules) if (fitOf(rule, probe) === 'maybe') for (const { fits, unsure } of rule.tests) if (unsure !== undefined && fits(probe) === 'maybe') return unsure
  return undefined
}

/** Every outcome that there can be; more than one where a rule could not be judged. */
export function simulate(text: IptText, probe: Probe): readonly Outcome[] {
  const stopped: Outcome[] = []
  let passed: readonly Outcome[] = [{ verdict: 'accept', by: undefined }]
  for (const [table, hook] of HOOKS[probe.way]) {
    const chain = text.chains.get(chainKey(probe.to.family, table, hook))
    if (chain === undefined) continue
    const { ends, falls } = walk(text, chain, probe, 0)
    stopped.push(...ends.filter(({ verdict }) => verdict !== 'accept'))
    const open = falls && chain.policy?.verdict !== 'drop'
    if (falls && !open) stopped.push({ verdict: 'drop', by: chain })
    const accepts: readonly Outcome[] = [...ends.filter(({ verdict }) => verdict === 'accept'), ...(open ? [{ verdict: 'accept' as const, by: chain }] : [])]
    if (accepts.length === 0) return stopped
    // what one table accepts goes on to the next; it is the filter table that is told of as having let it pass
    if (table === 'filter') passed = accepts
  }
  return [...stopped, ...passed]
}
