// Our part of one family of iptables: read from what iptables-save prints or what our printer wrote, and the one transaction a table that leads
// from what is there to what is wanted. Dangers prevented: a rule of somebody else's that is touched; jumps that pile up; a jump that stands second.
import { PREFIX } from '../firewall/iptables.ts'

export interface OwnTable {
  readonly name: string
  readonly chains: readonly string[]
  /** rules of built-in chains that lead to ours, in order, as `-A` lines */
  readonly jumps: readonly string[]
  readonly lines: readonly string[]
  /** built-in chains whose first rule is one of `jumps` */
  readonly first: ReadonlySet<string>
  /** own chains that others' chains lead to: they cannot be deleted */
  readonly held: ReadonlySet<string>
}

/** filter first: half a load must leave the gateway shut, not open */
const ORDER = ['filter', 'raw', 'mangle', 'nat', 'security']
const BUILT_IN = /^(?:INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)$/

function isOwn(chain: string): boolean {
  return chain.startsWith(PREFIX)
}

/** `-A CHAIN ... -j TARGET`: where the rule stands and where it leads. */
function parts(line: string): { readonly chain: string; readonly target: string } {
  return { chain: line.split(' ')[1] ?? '', target: / -[jg] (\S+)(?: |$)/.exec(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'))?.[1] ?? '' }
}

function parseTable(name: string, lines: readonly string[]): OwnTable {
  const chains = new Set<string>()
  const jumps: string[] = []
  const own: string[] = []
  const first = new Set<string>()
  const held = new Set<string>()
  const seen = new Set<string>()
  for (const line of lines) {
    if (line.startsWith(':')) {
      const chain = line.slice(1).split(' ')[0] ?? ''
      if (isOwn(chain)) chains.add(chain)
      continue
    }
    // our printer's way to say first
    const jump = /^-I (\S+) 1 (.*)$/.exec(line)
    const rule = jump === null ? line : `-A ${jump[1]} ${jump[2]}`
    if (!rule.startsWith('-A ')) continue
    const { chain, target } = parts(rule)
    if (isOwn(chain)) own.push(rule)
    else if (isOwn(target) && BUILT_IN.test(chain)) {
      jumps.push(rule)
      if (!seen.has(chain)) first.add(chain)
    } else if (isOwn(target)) held.add(target)
    seen.add(chain)
  }
  return { name, chains: [...chains].sort(), jumps, lines: own, first, held }
}

/** Tables in which something is ours. */
export function parseIptables(text: string): readonly OwnTable[] {
  const tables: OwnTable[] = []
  let name: string | undefined
  let lines: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      name = line.slice(1).trim()
      lines = []
    } else if (line === 'COMMIT' && name !== undefined) {
      const table = parseTable(name, lines)
      if (table.chains.length > 0 || table.jumps.length > 0) tables.push(table)
      name = undefined
    } else lines.push(line.replace(/^\[\d+:\d+\] /, ''))
  }
  return tables.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name))
}

/** Rules of one chain keep their order; the chains' own order is nobody's meaning. */
function byChain(lines: readonly string[]): readonly string[] {
  return lines.toSorted((a, b) => {
    const [left, right] = [parts(a).chain, parts(b).chain]
    return left < right ? -1 : left > right ? 1 : 0
  })
}

/** As our printer writes it: all that is there, for an empty kernel. */
export function iptablesText(tables: readonly OwnTable[]): string | undefined {
  const out = tables.flatMap(({ name, chains, jumps, lines }) => [
    `*${name}`,
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...byChain(jumps).map((jump) => jump.replace(/^-A (\S+) /, '-I $1 1 ')),
    ...byChain(lines),
    'COMMIT',
  ])
  return out.length === 0 ? undefined : `${out.join('\n')}\n`
}

/** The one form in which two states are compared: a chain that nothing is in and nothing leads to decides nothing. */
export function canonicalIptables(text: string): string | undefined {
  return iptablesText(parseIptables(text).flatMap((table) => {
    const used = new Set([...table.jumps, ...table.lines].flatMap((line) => [parts(line).chain, parts(line).target]))
    const chains = table.chains.filter((chain) => used.has(chain))
    return chains.length === 0 && table.jumps.length === 0 ? [] : [{ ...table, chains }]
  }))
}

/** Whether each of our jumps is the first rule of its chain. */
export function jumpsFirst(tables: readonly OwnTable[]): boolean {
  return tables.every(({ jumps, first }) => jumps.every((jump) => first.has(parts(jump).chain)) && new Set(jumps.map((jump) => parts(jump).chain)).size === jumps.length)
}

function tableChange(name: string, live: OwnTable | undefined, wanted: OwnTable | undefined, exact: boolean): readonly string[] {
  const chains = wanted?.chains ?? []
  const obsolete = (live?.chains ?? []).filter((chain) => !chains.includes(chain))
  const builtIns = new Set([...(live?.jumps ?? []), ...(wanted?.jumps ?? [])].map((jump) => parts(jump).chain))
  const jumps = [...builtIns].sort().flatMap((builtIn) => {
    const of = (table: OwnTable | undefined): readonly string[] => (table?.jumps ?? []).filter((jump) => parts(jump).chain === builtIn)
    const [there, want] = [of(live), of(wanted)]
    // in its place already: nothing of the built-in chain is touched
    if (there.length === want.length && there.every((jump, index) => jump === want[index]) && live?.first.has(builtIn) === true && there.length === 1) return []
    return [...there.map((jump) => jump.replace(/^-A /, '-D ')), ...want.toReversed().map((jump) => jump.replace(/^-A (\S+) /, '-I $1 1 '))]
  })
  return [
    `*${name}`,
    ...[...chains, ...obsolete].map((chain) => `:${chain} - [0:0]`),
    ...jumps,
    ...(wanted?.lines ?? []),
    ...(exact ? obsolete : []).filter((chain) => live?.held.has(chain) !== true).map((chain) => `-X ${chain}`),
    'COMMIT',
  ]
}

/** For `iptables-restore --noflush`: one transaction a table. `exact`: without what is not wanted any more; else that stays there, empty, for the way back. */
export function iptablesChange(live: readonly OwnTable[], wanted: readonly OwnTable[], exact: boolean): string {
  const names = [...new Set([...live, ...wanted].map(({ name }) => name))].toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
  const of = (tables: readonly OwnTable[], name: string): OwnTable | undefined => tables.find((table) => table.name === name)
  return names.length === 0 ? '' : `${names.flatMap((name) => tableChange(name, of(live, name), of(wanted, name), exact)).join('\n')}\n`
}

/** What a change left there empty; empty: nothing. */
export function iptablesTidying(live: readonly OwnTable[], wanted: readonly OwnTable[]): string {
  return live.flatMap(({ name, chains, held }) => {
    const kept = wanted.find((table) => table.name === name)?.chains ?? []
    const gone = chains.filter((chain) => !kept.includes(chain) && !held.has(chain))
    return gone.length === 0 ? [] : [`*${name}`, ...gone.map((chain) => `-X ${chain}`), 'COMMIT']
  }).map((line) => `${line}\n`).join('')
}
