// A drift for people and programs: each line that differs with the rule that it came from. Danger prevented: a difference that nobody can lead back to a
// line of the policy.
import { safeId } from '../firewall/rule-id.ts'
import type { Policy } from '../policy/policy.ts'
import type { Drift } from '../plane/drift.ts'
import type { DiffLine, PartDiff } from '../plane/rule-diff.ts'

/** More lines of one part are a number. */
const MOST_LINES = 60

export interface RuleSource {
  readonly name: string
  readonly place?: string
}

/** `rule:mail` → mail, policies/office.yaml:33; anything else as it is. */
export function ruleOf(policy: Policy | undefined, comment: string | undefined): RuleSource | undefined {
  if (comment === undefined) return undefined
  const id = /^rule:(.+)$/.exec(comment)?.[1]
  if (id === undefined) return { name: comment }
  const rule = policy?.rules.find((each) => safeId(each.id) === id)
  return { name: rule?.id ?? id, ...(rule === undefined ? {} : { place: `${rule.place.file}:${rule.place.line}` }) }
}

const SIGNS: Readonly<Record<DiffLine['side'], string>> = { kernel: '+', policy: '-', both: ' ' }

function lineText(line: DiffLine, policy: Policy | undefined): string {
  const source = line.side === 'both' ? undefined : ruleOf(policy, line.comment)
  const from = source === undefined ? '' : `    ← ${source.name}${source.place === undefined ? '' : ` (${source.place})`}`
  return `${SIGNS[line.side]} ${line.text}${from}\n`
}

/** What is the same is told where it stands beside a difference, and left out else. */
function shownLines(lines: readonly DiffLine[]): readonly (DiffLine | undefined)[] {
  const differs = (index: number): boolean => lines[index] !== undefined && lines[index]?.side !== 'both'
  const near = lines.map((_, index) => differs(index - 1) || differs(index) || differs(index + 1))
  return lines.flatMap((line, index) => (near[index] === true ? [line] : near[index - 1] === true ? [undefined] : []))
}

function partText({ store, part, lines }: PartDiff, policy: Policy | undefined): string {
  const all = shownLines(lines)
  const shown = all.slice(0, MOST_LINES).map((line) => (line === undefined ? '  ...\n' : lineText(line, policy)))
  return `\n${store} ${part}\n${shown.join('')}${all.length > MOST_LINES ? `  ... ${all.length - MOST_LINES} more lines\n` : ''}`
}

export function differing(drift: Drift): number {
  return drift.parts.reduce((sum, { lines }) => sum + lines.filter(({ side }) => side !== 'both').length, 0)
}

export function foreignText({ foreign }: Drift): string {
  return foreign.length === 0 ? '' : `\nothers on the same hooks, not touched:\n${foreign.map(({ where, text }) => `  ${where}: ${text}\n`).join('')}`
}

/** The first line says it all; then part by part. */
export function driftText(drift: Drift, policy: Policy | undefined): string {
  if (drift.none) return 'the kernel has none of our rules: nothing is filtered\n'
  const count = differing(drift)
  const head = count === 0 ? 'the kernel has what the policy says' : `${count} line${count === 1 ? '' : 's'} differ${count === 1 ? 's' : ''} (- of the policy and not in the kernel, + in the kernel alone)`
  const first = drift.first ? '' : 'a jump of ours is not the first rule of its chain: others decide before it\n'
  return `${head}\n${first}${drift.parts.map((part) => partText(part, policy)).join('')}`
}

export function driftJson(drift: Drift, policy: Policy | undefined): Readonly<Record<string, unknown>> {
  return {
    same: drift.parts.length === 0 && drift.first && !drift.none, none: drift.none, first: drift.first, lines: differing(drift),
    parts: drift.parts.map(({ store, part, lines }) => ({
      store, part, lines: lines.map((line) => ({ side: line.side, text: line.text, ...(line.side === 'both' ? {} : { rule: ruleOf(policy, line.comment)?.name, place: ruleOf(policy, line.comment)?.place }) })),
    })),
    foreign: drift.foreign,
  }
}
