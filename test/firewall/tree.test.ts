// A long list as a tree of chains holds the same addresses as the list, and a packet passes a few hundred lines of it at most.
import t from 'tap'
import { branches } from '../../src/firewall/tree.ts'
import type { Branch } from '../../src/firewall/tree.ts'
import { parseNetwork } from '../../src/net/network.ts'
import type { Range } from '../../src/net/network.ts'
import { networkSet } from '../../src/net/network.ts'

function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state
  }
}

/** The leaves, and the most lines that one packet passes. */
function walked(all: readonly Branch[]): { readonly leaves: Range[]; readonly most: number } {
  const leaves: Range[] = []
  let deepest = 0
  for (const branch of all) {
    if (branch.leaf) leaves.push(branch.range)
    else {
      const inner = walked(branch.inner)
      t.ok(inner.leaves.every(({ first, last }) => first >= branch.range.first && last <= branch.range.last), 'a branch holds what is under it')
      leaves.push(...inner.leaves)
      deepest = Math.max(deepest, inner.most)
    }
  }
  return { leaves, most: all.length + deepest }
}

function key({ first, last }: Range): string {
  return `${first}-${last}`
}

t.test('random addresses, networks and spans of both families', async (t) => {
  const next = numbers(7)
  for (const [family, count, within] of [[4, 40_000, 0xffffff], [4, 600, 0xffffffff], [4, 5000, 0x1fff], [6, 20_000, 0xffffffff], [4, 10, 100], [4, 0, 1]] as const) {
    const base = family === 4 ? 0x0a000000n : 0x20010db8n << 96n
    const made = Array.from({ length: count }, () => {
      const first = base + BigInt(next() % within)
      return { family, first, last: first + (next() % 9 === 0 ? BigInt(next() % 200) : 0n) }
    }).filter(({ last }) => family === 6 || last < 1n << 32n)
    const { ranges } = networkSet(made)
    const { leaves, most } = walked(branches(ranges, family))
    t.same(leaves.map(key), ranges.map(key), `${ranges.length} of IPv${family}: the same, in order`)
    t.ok(most <= 2048, `${most} lines at most`)
  }
})

t.test('what reaches over the edge of a block stays a line of its own', async (t) => {
  const parse = (text: string): Range => {
    const parsed = parseNetwork(text)
    if (!parsed.ok) throw new Error(text)
    return parsed.range
  }
  const { ranges } = networkSet([parse('10.0.0.200-10.0.7.3'), ...Array.from({ length: 2000 }, (_, at) => parse(`10.${at % 200}.${(at * 7) % 250}.${(at * 13) % 250}`))])
  t.same(walked(branches(ranges, 4)).leaves.map(key), ranges.map(key))
})
