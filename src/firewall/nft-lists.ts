// Long lists of addresses as sets with a name: a set inside a rule costs the kernel's transaction four times as much, and one that is made of
// ranges, as any with neighbours in it becomes, three times a plain one. Danger prevented: a block file whose load stalls the gateway for seconds.
import type { Family } from '../net/ip.ts'
import { ipFromValue } from '../net/ip.ts'
import { rangeText } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import type { Line, Ruleset } from './ruleset.ts'

/** From here on a list has a name; below it stands where it is asked, for who reads the rules. */
const MANY = 128
/** So many addresses for each range are still cheaper one by one. */
const SPREAD = 2n

export interface LongList {
  readonly name: string
  readonly family: Family
  /** `interval`: ranges; else single addresses, a hash */
  readonly interval: boolean
  readonly elements: readonly string[]
}

function singles(ranges: readonly Range[]): readonly string[] | undefined {
  const all = ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)
  if (all > SPREAD * BigInt(ranges.length)) return undefined
  const out: string[] = []
  for (const { family, first, last } of ranges) for (let value = first; value <= last; value++) out.push(ipFromValue(family, value).text)
  return out
}

/** What the line is called, else where it leads: the same after a reload, so that a difference is told address by address. */
function owner({ comment, verdict }: Line, chain: string): string {
  return comment?.replaceAll(':', '.') ?? ('chain' in verdict ? verdict.chain : chain).toLowerCase()
}

/** The lists of a ruleset that are long, each once. */
export class LongLists {
  readonly all: LongList[] = []
  readonly #byRanges = new Map<readonly Range[], string>()

  constructor(ruleset: Ruleset) {
    const byText = new Map<string, string>()
    const taken = new Set<string>()
    for (const { name: chain, lines } of ruleset.chains) {
      for (const line of lines) {
        for (const [end, ranges] of [['from', line.tests.sources], ['to', line.tests.destinations]] as const) {
          const [first] = ranges ?? []
          if (ranges === undefined || first === undefined || ranges.length <= MANY || this.#byRanges.has(ranges)) continue
          const single = singles(ranges)
          const elements = single ?? ranges.map(rangeText)
          const text = elements.join(' ')
          const known = byText.get(text)
          if (known === undefined) this.all.push({ name: this.#named(`${end}${first.family}${single === undefined ? 'n' : ''}_${owner(line, chain)}`, taken), family: first.family, interval: single === undefined, elements })
          const name = known ?? this.all.at(-1)?.name ?? ''
          byText.set(text, name)
          this.#byRanges.set(ranges, name)
        }
      }
    }
  }

  #named(wanted: string, taken: Set<string>): string {
    let name = wanted
    for (let count = 2; taken.has(name); count++) name = `${wanted}.${count}`
    taken.add(name)
    return name
  }

  /** undefined: it stands in the rule. */
  nameOf(ranges: readonly Range[]): string | undefined {
    return this.#byRanges.get(ranges)
  }
}
