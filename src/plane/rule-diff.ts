// Two states of our rules, line by line within each chain and set: what the kernel has beside the policy, and what it lacks; each line with the
// rule that it came from. Both sides are what a kernel lists. Danger prevented: "the hash differs", and nobody can say which rule was changed.
import type { OwnRules, Store } from './own-rules.ts'
import { STORES } from './own-rules.ts'

export interface DiffLine {
  /** `kernel`: only there; `policy`: missing in the kernel; `both`: for where it stands */
  readonly side: 'kernel' | 'policy' | 'both'
  readonly text: string
  /** what stands behind `gg:` in its comment: `rule:mail`, `default-deny` */
  readonly comment?: string
}

export interface PartDiff {
  readonly store: Store
  /** `chain green`, `filter GG_GREEN`, `set special4` */
  readonly part: string
  readonly lines: readonly DiffLine[]
}

type Parts = ReadonlyMap<string, readonly string[]>

function isSet(part: string): boolean {
  return part.startsWith('set ')
}

/** A line an element: a set of thousands differs by those that came and went. */
function elementLines(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => line.startsWith('elements = {'))
  if (start < 0) return lines
  return [...lines.slice(0, start), ...lines.slice(start).join(' ').replace(/^elements = \{ ?| ?\}$/g, '').split(/,\s*/)]
}

function nftParts(text: string): Parts {
  const parts = new Map<string, readonly string[]>()
  let name = ''
  let current: string[] | undefined
  for (const line of text.split('\n')) {
    const opening = /^\t(\w+ \S+) \{$/.exec(line)
    if (opening !== null) {
      name = opening[1] ?? ''
      current = []
    } else if (line === '\t}') {
      parts.set(name, isSet(name) ? elementLines(current ?? []) : current ?? [])
      current = undefined
    } else if (current !== undefined && line.trim() !== '') current.push(line.trim())
  }
  return parts
}

function iptablesParts(text: string): Parts {
  const parts = new Map<string, string[]>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1)
    const declared = /^:(\S+)/.exec(line)?.[1]
    if (declared !== undefined) parts.set(`${table} ${declared}`, parts.get(`${table} ${declared}`) ?? [])
    const rule = /^-[AI] (\S+) /.exec(line)
    if (rule === null) continue
    const name = `${table} ${rule[1] ?? ''}`
    const own = parts.get(name)
    if (own === undefined) parts.set(name, [line])
    else own.push(line)
  }
  return parts
}

function told(side: DiffLine['side'], text: string): DiffLine {
  const comment = /(?:^|\s)(?:--comment|comment) "?gg:([^\s"]+)"?/.exec(text)?.[1]
  return { side, text, ...(comment === undefined ? {} : { comment }) }
}

/** So many cells of a table are reckoned at once; longer stretches are told as gone and come. */
const MOST_CELLS = 4_000_000

/** The longest common subsequence keeps, the rest is gone or come. */
function middle(kernel: readonly string[], policy: readonly string[]): readonly DiffLine[] {
  const [rows, columns] = [kernel.length, policy.length]
  if (rows * columns > MOST_CELLS) return [...policy.map((text) => told('policy', text)), ...kernel.map((text) => told('kernel', text))]
  const width = columns + 1
  const best = new Uint32Array((rows + 1) * width)
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const at = row * width + column
      best[at] = kernel[row] === policy[column] ? (best[at + width + 1] ?? 0) + 1 : Math.max(best[at + width] ?? 0, best[at + 1] ?? 0)
    }
  }
  const lines: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < rows || column < columns) {
    const at = row * width + column
    if (row < rows && column < columns && kernel[row] === policy[column]) {
      lines.push(told('both', kernel[row] ?? ''))
      row += 1
      column += 1
    } else if (column < columns && (row >= rows || (best[at + 1] ?? 0) >= (best[at + width] ?? 0))) {
      lines.push(told('policy', policy[column] ?? ''))
      column += 1
    } else {
      lines.push(told('kernel', kernel[row] ?? ''))
      row += 1
    }
  }
  return lines
}

/** undefined: the same. */
function lineDiff(kernel: readonly string[], policy: readonly string[]): readonly DiffLine[] | undefined {
  let start = 0
  while (start < kernel.length && start < policy.length && kernel[start] === policy[start]) start += 1
  let end = 0
  while (end < kernel.length - start && end < policy.length - start && kernel[kernel.length - 1 - end] === policy[policy.length - 1 - end]) end += 1
  const [ours, theirs] = [kernel.slice(start, kernel.length - end), policy.slice(start, policy.length - end)]
  if (ours.length === 0 && theirs.length === 0) return undefined
  // one line before and after, for where it stands
  const before = start > 0 ? [told('both', kernel[start - 1] ?? '')] : []
  const after = end > 0 ? [told('both', kernel[kernel.length - end] ?? '')] : []
  return [...before, ...middle(ours, theirs), ...after]
}

/** Of a set, whose order says nothing. */
function setDiff(kernel: readonly string[], policy: readonly string[]): readonly DiffLine[] | undefined {
  const [there, wanted] = [new Set(kernel), new Set(policy)]
  const lines = [...policy.filter((each) => !there.has(each)).map((text) => told('policy', text)), ...kernel.filter((each) => !wanted.has(each)).map((text) => told('kernel', text))]
  return lines.length === 0 ? undefined : lines
}

/** What stands there and does nothing: left empty by a reload, or a set that no rule asks. */
function isIdle(part: string, lines: readonly string[], all: Parts): boolean {
  const [kind, name = ''] = part.split(' ')
  if (kind === 'set' || kind === 'map' || kind === 'counter') return ![...all.values()].some((others) => others.some((line) => line.includes(`@${name} `)))
  return lines.every((line) => /^type \w+ hook .* policy accept;$/.test(line))
}

/** `wanted` and `live` as the kernel lists them; empty: the same. */
export function diffRules(live: OwnRules, wanted: OwnRules): readonly PartDiff[] {
  return STORES.flatMap((store) => {
    const read = store === 'nft' ? nftParts : iptablesParts
    const [kernel, policy] = [read(live[store] ?? ''), read(wanted[store] ?? '')]
    return [...new Set([...policy.keys(), ...kernel.keys()])].flatMap((part): readonly PartDiff[] => {
      const [own, want] = [kernel.get(part), policy.get(part)]
      if (own === undefined) return [{ store, part, lines: [told('policy', part), ...(want ?? []).map((text) => told('policy', text))] }]
      if (want === undefined && isIdle(part, own, kernel)) return []
      if (want === undefined) return [{ store, part, lines: [told('kernel', part), ...own.map((text) => told('kernel', text))] }]
      const lines = isSet(part) ? setDiff(own, want) : lineDiff(own, want)
      return lines === undefined ? [] : [{ store, part, lines }]
    })
  })
}
