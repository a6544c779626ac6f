// What a refusal is on the wire, by the names that each tool gives it. Danger prevented: two names taken for one answer, or one for two.
const V4 = { 'net-unreachable': 0, 'host-unreachable': 1, 'proto-unreachable': 2, 'port-unreachable': 3, 'net-prohibited': 9, 'host-prohibited': 10, 'admin-prohibited': 13 } as const
const V6 = { 'no-route': 0, 'admin-prohibited': 1, 'addr-unreachable': 3, 'port-unreachable': 4, 'policy-fail': 5, 'reject-route': 6 } as const

export const TCP_RESET = 'tcp-reset'

const FOUR: ReadonlyMap<string, number> = new Map([...Object.entries(V4), ['prot-unreachable', 2]])
const SIX: ReadonlyMap<string, number> = new Map([...Object.entries(V6), ['adm-prohibited', 1]])
/** nft's names for both families at once (nf_tables' ICMPX codes). */
const BOTH: ReadonlyMap<string, readonly [keyof typeof V4, keyof typeof V6]> = new Map([
  ['port-unreachable', ['port-unreachable', 'port-unreachable']], ['admin-prohibited', ['admin-prohibited', 'admin-prohibited']],
  ['no-route', ['net-unreachable', 'no-route']], ['host-unreachable', ['host-unreachable', 'addr-unreachable']],
])

/** `icmp 3/3`: type and code. */
export function refusal4(name: string): string | undefined {
  const code = FOUR.get(name)
  return code === undefined ? undefined : `icmp 3/${code}`
}

export function refusal6(name: string): string | undefined {
  const code = SIX.get(name)
  return code === undefined ? undefined : `icmpv6 1/${code}`
}

export function refusals(name: string): readonly [string, string] | undefined {
  const pair = BOTH.get(name)
  return pair === undefined ? undefined : [`icmp 3/${V4[pair[0]]}`, `icmpv6 1/${V6[pair[1]]}`]
}
