// From whom and to whom, as tests of a packet: the one place where family, MAC or address, pins and the hook are decided. Danger
// prevented: a rule about IPv4 addresses that becomes an IPv6 accept without any address, which other generators shipped twice.
import type { Family } from '../net/ip.ts'
import type { Range } from '../net/network.ts'
import { networkSet } from '../net/network.ts'
import type { AddressSet, Gateway } from '../policy/policy.ts'
import { BOTH } from './ruleset.ts'
import type { Line, Tests, Verdict } from './ruleset.ts'
import type { Term } from './services.ts'

const LAST: Readonly<Record<Family, bigint>> = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n }

/** Merged ranges of one family; undefined where there is none. */
export function ofFamily(ranges: readonly Range[], family: Family): readonly Range[] | undefined {
  const own = networkSet(ranges.filter((range) => range.family === family)).ranges
  return own.length === 0 ? undefined : own
}

function isWhole(ranges: readonly Range[]): boolean {
  const [only] = ranges
  return only !== undefined && only.first === 0n && only.last === LAST[only.family]
}

/** A term a family for addresses at one end; the whole of a family needs no test. */
export function addressTerms(ranges: readonly Range[], end: 'sources' | 'destinations', more: Tests = {}): readonly Term[] {
  return BOTH.flatMap((family): Term[] => {
    const own = ofFamily(ranges, family)
    if (own === undefined) return []
    return [{ families: [family], tests: isWhole(own) ? more : { ...more, [end]: own }, explicit: true }]
  })
}

/** What of a set can be seen of a sender on the link: addresses, MACs, and both together. */
export function senderTerms(set: AddressSet): readonly Term[] {
  return [
    ...addressTerms(set.ranges, 'sources'),
    ...(set.macs.length === 0 ? [] : [{ families: BOTH, tests: { macs: set.macs } }]),
    ...set.pins.flatMap((pin) => addressTerms(pin.ranges, 'sources', { macs: pin.macs })),
  ]
}

export function greenInterfaces(gateway: Gateway): readonly string[] {
  return [...new Set(gateway.green.map((green) => green.interface))].sort()
}

export function redInterfaces(gateway: Gateway): readonly string[] {
  return [...new Set(gateway.red.map((red) => red.interface))].sort()
}

/** What leaves towards the internet: through red where there is one, else through whatever is not green. */
export function internetTests(gateway: Gateway): Tests {
  const red = redInterfaces(gateway)
  const green = greenInterfaces(gateway)
  if (red.length > 0) return { out: red, destinationNotSpecial: true }
  return green.length > 0 ? { notOut: green, destinationNotSpecial: true } : { destinationNotSpecial: true }
}

/** Every combination that some family can meet. A combination without one emits nothing. */
export function product(dimensions: readonly (readonly Term[])[]): readonly Term[] {
  let terms: readonly Term[] = [{ families: BOTH, tests: {} }]
  for (const dimension of dimensions) {
    terms = terms.flatMap((left) => dimension.flatMap((right): Term[] => {
      const families = left.families.filter((family) => right.families.includes(family))
      return families.length === 0 ? [] : [{ families, tests: { ...left.tests, ...right.tests } }]
    }))
  }
  return terms
}

export function lines(terms: readonly Term[], verdict: Verdict, comment: string): readonly Line[] {
  return terms.map(({ families, tests }) => ({ families, tests, verdict, comment }))
}

/** The families that an end of the rule names and that meet nothing at the other ends. */
export function lostFamilies(end: readonly Term[], others: readonly (readonly Term[])[]): readonly Family[] {
  const lost = end.filter((term) => term.explicit === true && product([[term], ...others]).length === 0)
  return [...new Set(lost.flatMap((term) => term.families))]
}
