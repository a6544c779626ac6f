// Our nft table as text: read from what `nft list table` prints or what our printer wrote, and the one transaction that leads from what is there
// to what is wanted. Dangers prevented: `delete table`, in which packets see empty sets; what an older policy put there and nobody takes away.
import { NFT_TABLE } from '../firewall/nft.ts'

export interface NftBlock {
  readonly kind: string
  readonly name: string
  readonly lines: readonly string[]
}

export interface NftTable {
  readonly blocks: readonly NftBlock[]
}

const BASE = /^\t\ttype .* hook /

const OPENING = /^\t(\w+) (\S+) \{$/

/** undefined: there is no table of ours in it. */
export function parseNft(text: string): NftTable | undefined {
  const lines = text.split('\n')
  const start = lines.indexOf(`table ${NFT_TABLE} {`)
  const end = lines.indexOf('}', start)
  if (start < 0 || end < 0) return undefined
  const blocks: NftBlock[] = []
  for (let at = start + 1; at < end; at++) {
    const opening = OPENING.exec(lines[at] ?? '')
    if (opening === null) continue
    const close = lines.indexOf('\t}', at)
    blocks.push({ kind: opening[1] ?? '', name: opening[2] ?? '', lines: lines.slice(at + 1, close) })
    at = close
  }
  return { blocks }
}

function isDynamic({ lines }: NftBlock): boolean {
  return lines.some((line) => /^\t\tflags .*\bdynamic\b/.test(line))
}

/** What a policy has put in, not packets. */
export function isFilledByRules(block: NftBlock): boolean {
  return (block.kind === 'set' || block.kind === 'map') && !isDynamic(block)
}

/** Elements begin at `elements = {` and go to the brace that closes it. */
function withoutElements(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => line.startsWith('\t\telements = {'))
  if (start < 0) return lines
  const end = lines.findIndex((line, index) => index >= start && line.endsWith('}'))
  return [...lines.slice(0, start), ...lines.slice(end < 0 ? lines.length : end + 1)]
}

/** What of a block must stay the same for it to be kept as it is: a set's type, a chain's hook. */
function head({ kind, lines }: NftBlock): string {
  if (kind === 'chain') return lines.filter((line) => BASE.test(line)).join('\n')
  return kind === 'set' || kind === 'map' ? withoutElements(lines).map((line) => line.replace(/,\s*/g, ',')).join('\n') : ''
}

function body({ blocks }: NftTable): string {
  return [`table ${NFT_TABLE} {`, blocks.map(({ kind, name, lines }) => [`\t${kind} ${name} {`, ...lines, '\t}'].join('\n')).join('\n\n'), '}', ''].join('\n')
}

function stateless(block: NftBlock): readonly string[] {
  if (block.kind === 'counter') return []
  return (isDynamic(block) ? withoutElements(block.lines) : block.lines).map((line) => line.replace(/ packets \d+ bytes \d+/g, '').replace(/ expires [0-9dhms]+/g, ''))
}

/** Without what packets change: numbers, and what they put into sets. All that is there, in the order in which it was made. */
export function nftText({ blocks }: NftTable): string {
  return body({ blocks: blocks.map((block) => ({ ...block, lines: stateless(block) })) })
}

/**
 * The one form in which two states are compared: what the hooks reach, by name. A chain that nothing is in and nothing leads to, a set or a counter that
 * no rule names, and the order in which they were made decide nothing.
 */
export function canonicalNft(text: string): string | undefined {
  const table = parseNft(text)
  if (table === undefined) return undefined
  const rules = table.blocks.filter(({ kind }) => kind === 'chain' || kind === 'map').flatMap(({ lines }) => lines).join('\n')
  const words = new Set(rules.match(/[^\s{},;"@]+/g))
  const kept = table.blocks.filter((block) => words.has(block.name) || (block.kind === 'chain' && block.lines.some((line) => !BASE.test(line))))
  const key = ({ kind, name }: NftBlock): string => `${kind === 'chain' ? 1 : 0} ${kind} ${name}`
  return nftText({ blocks: kept.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) })
}

function find(block: NftBlock, { blocks }: NftTable): NftBlock | undefined {
  return blocks.find(({ kind, name }) => kind === block.kind && name === block.name)
}

/** In this order, since a map of verdicts holds the chains that it names, and rules the counters. */
function removals(blocks: readonly NftBlock[]): readonly string[] {
  return ['map', 'set', 'chain', 'counter'].flatMap((kind) => blocks.filter((block) => block.kind === kind).map(({ name }) => `delete ${kind} ${NFT_TABLE} ${name}`))
}

/**
 * For `nft -f -`, whatever is there: one transaction over all hooks and both families. `exact`: what is wanted and no more; else what is not wanted any
 * more stays there empty, so that the way back finds it in its place, and its counters go on.
 */
export function nftChange(live: NftTable | undefined, wanted: NftTable, exact: boolean): string {
  const there = live ?? { blocks: [] }
  const changed = (block: NftBlock): boolean => {
    const next = find(block, wanted)
    return next === undefined ? exact : head(next) !== head(block)
  }
  const gone = there.blocks.filter(changed)
  // what packets put into a set stays, an exact ledger among it; what a policy put there is put there anew
  const refilled = there.blocks.filter((block) => isFilledByRules(block) && !gone.includes(block))
  return [
    `add table ${NFT_TABLE}`,
    `flush table ${NFT_TABLE}`,
    ...removals(gone),
    ...refilled.map(({ kind, name }) => `flush ${kind} ${NFT_TABLE} ${name}`),
    body({ blocks: wanted.blocks.map((block) => (isDynamic(block) ? { ...block, lines: withoutElements(block.lines) } : block)) }),
  ].join('\n')
}

/** What a change left there empty; counters stay: a rule that comes back counts on. Empty: nothing. */
export function nftTidying(live: NftTable, wanted: NftTable): string {
  return removals(live.blocks.filter((block) => block.kind !== 'counter' && find(block, wanted) === undefined)).map((line) => `${line}\n`).join('')
}

/** What takes the table away, in two transactions: emptied first, so that no packet meets a set that is gone. */
export const NFT_REMOVAL: readonly string[] = [`flush table ${NFT_TABLE}\n`, `delete table ${NFT_TABLE}\n`]
