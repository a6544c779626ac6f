// iptables has no sets: a line with lists becomes a line each, or, where that would be too many, a chain a list; "none of these
// networks" becomes a chain that comes back for each of them. Danger prevented: a product of lists that grows to a million lines, and
// a negation split over lines, which would match everything.
import type { Family } from '../net/ip.ts'
import type { Range } from '../net/network.ts'
import type { AddressKind, Chain, Line, Ruleset, Table, Tests } from './ruleset.ts'
import { RETURN, jump } from './ruleset.ts'
import { withoutLedger } from './ledger.ts'
import type { PortRange } from '../policy/policy.ts'
import { branches } from './tree.ts'
import type { Branch } from './tree.ts'

/** `-m multiport` holds fifteen numbers; a range takes two. */
const MULTIPORT = 15
/** From here on a chain a list is both shorter and quicker. */
const MOST_LINES = 24
/** And from here on a tree of chains: below it a packet passes the lines as quickly. */
const MOST_ADDRESSES = 128

export function portChunks(ports: readonly PortRange[]): readonly (readonly PortRange[])[] {
  const chunks: PortRange[][] = []
  let room = 0
  for (const port of ports) {
    const size = port.first === port.last ? 1 : 2
    const current = chunks.at(-1)
    if (current === undefined || size > room) {
      chunks.push([port])
      room = MULTIPORT - size
    } else {
      current.push(port)
      room -= size
    }
  }
  return chunks
}

/** The lists of a line, each as the tests of its entries. */
function alternatives(tests: Tests, family: Family): readonly (readonly Tests[])[] {
  const { in: entry, out, sources, destinations, macs, l4, destinationKinds } = tests
  const lists: (readonly Tests[])[] = []
  if (entry !== undefined) lists.push(entry.map((name) => ({ in: [name] })))
  if (out !== undefined) lists.push(out.map((name) => ({ out: [name] })))
  if (macs !== undefined) lists.push(macs.map((mac) => ({ macs: [mac] })))
  if (sources !== undefined) lists.push(sources.map((range) => ({ sources: [range] })))
  if (destinations !== undefined) lists.push(destinations.map((range) => ({ destinations: [range] })))
  if (l4 !== undefined && 'ports' in l4 && l4.ports.length > 1) lists.push(portChunks(l4.ports).map((ports) => ({ l4: { ...l4, ports } })))
  if (l4?.protocol === 'icmp' && l4.types.length > 1) lists.push(l4.types.map((type) => ({ l4: { ...l4, types: [type] } })))
  // to ip6tables `LOCAL,MULTICAST` is what is both at once, which nothing is (xt_addrtype, match_type6)
  if (family === 6 && destinationKinds !== undefined && destinationKinds.length > 1) lists.push(kindsOf(destinationKinds).map((kind) => ({ destinationKinds: [kind] })))
  return lists.filter((list) => list.length > 0)
}

/** IPv6 has no broadcast, and the kernel refuses the word. */
function kindsOf(kinds: readonly AddressKind[]): readonly AddressKind[] {
  return kinds.filter((kind) => kind !== 'broadcast')
}

function crossed(base: Tests, lists: readonly (readonly Tests[])[]): readonly Tests[] {
  let out: readonly Tests[] = [base]
  for (const list of lists) out = out.flatMap((tests) => list.map((entry) => ({ ...tests, ...entry })))
  return out
}

class Spread {
  readonly chains: Chain[] = []
  readonly #ruleset: Ruleset
  readonly #family: Family
  readonly #outside = new Map<string, string>()
  #split = 0
  #trees = 0

  constructor(ruleset: Ruleset, family: Family) {
    this.#ruleset = ruleset
    this.#family = family
  }

  #add(name: string, table: Table, lines: readonly Line[]): string {
    this.chains.push({ name, table, lines })
    return name
  }

  /** A chain that returns for every excluded destination (or source) and else does what the line would have done. */
  #outsideOf(line: Line, table: Table): string {
    const { sourceNotSpecial, destinationNotSpecial, notOut } = line.tests
    const key = JSON.stringify([sourceNotSpecial, destinationNotSpecial, notOut, line.verdict])
    const known = this.#outside.get(key)
    if (known !== undefined) return known
    const families = [this.#family]
    const special = this.#ruleset.special.filter((range) => range.family === this.#family)
    const back = (tests: Tests): Line => ({ families, tests, verdict: RETURN })
    const name = this.#add(`NET${this.#outside.size}`, table, [
      ...(notOut === undefined ? [] : [back({ destinationKinds: ['local'] }), ...notOut.map((out) => back({ out: [out] }))]),
      ...(sourceNotSpecial === true ? special.map((range) => back({ sources: [range] })) : []),
      ...(destinationNotSpecial === true ? special.map((range) => back({ destinations: [range] })) : []),
      { families, tests: {}, verdict: line.verdict },
    ])
    this.#outside.set(key, name)
    return name
  }

  line(line: Line, table: Table): readonly Line[] {
    if (!line.families.includes(this.#family)) return []
    let { tests, verdict } = line
    if (tests.sourceNotSpecial === true || tests.destinationNotSpecial === true || tests.notOut !== undefined) {
      const { sourceNotSpecial: _source, destinationNotSpecial: _destination, notOut: _out, ...rest } = tests
      verdict = jump(this.#outsideOf(line, table))
      tests = rest
    }
    const side = (['sources', 'destinations'] as const).find((each) => (tests[each]?.length ?? 0) > MOST_ADDRESSES)
    if (side !== undefined) return this.#tree({ ...line, tests, verdict }, side, table)
    const lists = alternatives(tests, this.#family)
    const count = lists.reduce((total, list) => total * list.length, 1)
    const long = lists.filter((list) => list.length > 1)
    if (count <= MOST_LINES || long.length < 2) return crossed(tests, lists).map((each) => ({ ...line, tests: each, verdict }))
    return this.#staged(line, tests, long, verdict, table)
  }

  /** What else the line asks for is asked once the address is found. */
  #tree(line: Line, side: 'sources' | 'destinations', table: Table): readonly Line[] {
    const families = [this.#family]
    const { [side]: ranges = [], ...rest } = line.tests
    const bare = Object.keys(rest).length === 0
    const verdict = bare ? line.verdict : jump(this.#add(`SPLIT${this.#split++}`, table, this.line({ ...line, tests: rest }, table)))
    const leaf = (range: Range): Line => ({ families, tests: { [side]: [range] }, verdict, ...(bare && line.comment !== undefined ? { comment: line.comment } : {}) })
    const grow = (all: readonly Branch[]): readonly Line[] => all.map((branch) =>
      (branch.leaf ? leaf(branch.range) : { families, tests: { [side]: [branch.range] }, verdict: jump(this.#add(`TREE${this.#trees++}`, table, grow(branch.inner))) }))
    return grow(branches(ranges, this.#family))
  }

  /** List after list, each in a chain of its own: the sum of their lengths in place of the product. */
  #staged(line: Line, tests: Tests, long: readonly (readonly Tests[])[], last: Line['verdict'], table: Table): readonly Line[] {
    const families = [this.#family]
    const names = long.slice(1).map(() => `SPLIT${this.#split++}`)
    const shortLists = alternatives(tests, this.#family).filter((list) => list.length === 1)
    const { in: _in, out: _out, sources: _sources, destinations: _destinations, macs: _macs, destinationKinds, limit, l4, ...plain } = tests
    // one protocol for all stages; its ports only where they are not a list of their own
    const ported = long.some((list) => list[0]?.l4 !== undefined)
    const kinds = destinationKinds === undefined || long.some((list) => list[0]?.destinationKinds !== undefined) ? {} : { destinationKinds }
    const fixed: Tests = { ...plain, ...kinds, ...(l4 === undefined || ported ? {} : { l4 }) }
    const [head] = crossed(fixed, shortLists)
    long.forEach((list, index) => {
      const name = names[index - 1]
      if (name === undefined) return
      const next = names[index]
      const verdict = next === undefined ? last : jump(next)
      const more = next === undefined && limit !== undefined ? { limit } : {}
      this.#add(name, table, list.map((entry) => ({ families, tests: { ...entry, ...more }, verdict })))
    })
    const [first = []] = long
    const [next = ''] = names
    return first.map((entry) => ({ ...line, families, tests: { ...head, ...entry }, verdict: jump(next) }))
  }
}

/** The same ruleset for one family, in lines that iptables can say. */
export function spread(ruleset: Ruleset, family: Family): readonly Chain[] {
  const maker = new Spread(ruleset, family)
  const chains = (ruleset.ipset ? ruleset.chains : withoutLedger(ruleset)).map((chain) => ({ ...chain, lines: chain.lines.flatMap((line) => maker.line(line, chain.table)) }))
  return [...chains, ...maker.chains]
}
