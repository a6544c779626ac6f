// Ports and ICMP types as iptables writes them. Danger prevented: a range of which only one end is seen, a name that means another number.
import type { Family } from '../../net/ip.ts'
import { parseServiceLiteral, service } from '../../policy/services.ts'

export type Span = readonly [first: number, last: number]

const MOST_PORT = 65_535

function portNumber(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= MOST_PORT ? Number(text) : undefined
  const part = service(text)?.find((known) => 'first' in known)
  return part !== undefined && 'first' in part ? part.first : undefined
}

/** `25`, `1024:65535`, `:1023`, `25,110,6000:6010`; a name of a service for its port. */
export function portItems(text: string): readonly Span[] | undefined {
  const items: Span[] = []
  for (const item of text.split(',')) {
    const [left = '', right, ...more] = item.split(':')
    const first = left === '' && right !== undefined ? 0 : portNumber(left)
    const last = right === undefined ? first : right === '' ? MOST_PORT : portNumber(right)
    if (first === undefined || last === undefined || first > last || more.length > 0) return undefined
    items.push([first, last])
  }
  return items
}

/** What no span holds, from 0 to 65535. */
export function allBut(spans: readonly Span[]): readonly Span[] {
  const left: Span[] = []
  let from = 0
  for (const [first, last] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (first > from) left.push([from, first - 1])
    from = Math.max(from, last + 1)
  }
  return from > MOST_PORT ? left : [...left, [from, MOST_PORT]]
}

/** iptables' own names for those that have no other here; several are one type with a code. */
const MORE: Readonly<Record<string, number>> = {
  any: -1, 'network-unreachable': 3, 'host-unreachable': 3, 'protocol-unreachable': 3, 'port-unreachable': 3, 'fragmentation-needed': 3, 'source-route-failed': 3, 'network-unknown': 3, 'host-unknown': 3, 'network-prohibited': 3, 'host-prohibited': 3,
  'communication-prohibited': 3, 'network-redirect': 5, 'host-redirect': 5, 'ttl-zero-during-transit': 11, 'ttl-zero-during-reassembly': 11, 'ip-header-bad': 12, 'required-option-missing': 12,
}

const EVERY_TYPE = Array.from({ length: 256 }, (_, type) => type)

/** The types that it means; of a code the type. */
export function icmpTypes(text: string, family: Family): readonly number[] | undefined {
  const [name = ''] = text.toLowerCase().split('/')
  const known = family === 4 ? MORE[name] : undefined
  if (known !== undefined || name === '255' || name === 'any') return known === undefined || known < 0 ? EVERY_TYPE : [known]
  if (/^\d{1,3}$/.test(name)) return Number(name) <= 255 ? [Number(name)] : undefined
  const literal = parseServiceLiteral(`${family === 4 ? 'icmp' : 'icmpv6'}/${name.replace('neighbour', 'neighbor')}`)
  if (!literal.ok) return undefined
  const types = literal.parts.flatMap((part) => (part.protocol === 'icmp' ? ((family === 4 ? part.v4 : part.v6) ?? []) : []))
  return types.length === 0 ? undefined : types
}
