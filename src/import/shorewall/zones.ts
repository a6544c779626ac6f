// Shorewall's zones as sides of the gateway: `fw` is the gateway, `net` the internet, what is left is green, by one name or by its networks.
// Danger prevented: a zone without an address (a DMZ, a guest network) that is quietly counted to the LAN.
import { ipFromValue, parseIp } from '../../net/ip.ts'
import { blockOf, networkSet, rangeText } from '../../net/network.ts'
import type { Range } from '../../net/network.ts'
import { scopeOf } from '../../net/scope.ts'
import type { SideDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import { NameMaker } from '../names.ts'
import { looseRange } from '../range.ts'
import { column } from './rows.ts'
import type { Row } from './rows.ts'

export type Zone =
  | { readonly kind: 'gateway' | 'internet' }
  /** `word`: what a rule names it by; `networks`: empty where nobody knows them */
  | { readonly kind: 'lan'; readonly word: string; readonly networks: readonly Range[]; readonly interface: string }

export interface ZoneRows {
  readonly zones: readonly Row[]
  readonly interfaces: readonly Row[]
  readonly hosts: readonly Row[]
  /** `loc` and `loc:192.168.1.5`, wherever a rule or a policy names a zone */
  readonly named: readonly string[]
}

export interface Zones {
  readonly get: (name: string) => Zone | undefined
  readonly lans: readonly (readonly [name: string, zone: Zone & { readonly kind: 'lan' }])[]
  readonly green: readonly SideDraft[]
  readonly red: readonly SideDraft[]
  readonly addresses: readonly (readonly [name: string, entries: readonly string[]])[]
  readonly dhcp: boolean
}

const INTERNET = /^(?:net|wan|inet|internet|red|ext|external|isp|world|outside)\d*$/i
const LAN = /^(?:loc|lan|local|green|int|internal|home|office|inside)$/i
const ALL = /^(?:a(?:ll|ny)|none|source|dest)[+-]?$/i
/** The article's office, where nothing says otherwise. */
const ASSUMED = { family: 4, first: 0xc0a83300n, last: 0xc0a833ffn } as const

export function readZones(rows: ZoneRows, files: string, findings: Findings): Zones {
  const types = new Map(rows.zones.map((row) => [(row.columns[0] ?? '').replace(/:.*$/, ''), { row, type: column(row, 1).toLowerCase() }]))
  const named = new Set<string>([...types.keys(), ...rows.named.map((each) => each.replace(/:.*$/, '')).filter((each) => /^\w+$/.test(each) && !ALL.test(each)), 'loc'])
  const firewall = [...types].find(([, { type }]) => type === 'firewall')?.[0] ?? 'fw'
  const isGateway = (name: string): boolean => name === firewall || name === 'fw'
  const lans = [...named].filter((name) => !isGateway(name) && !INTERNET.test(name))
  // `loc` is there in any case, for a policy needs a green side; it is not where another zone is
  const real = lans.filter((name) => name !== 'loc' || types.has('loc') || rows.named.some((each) => /^loc(?::|$)/.test(each)))
  const names = real.length === 0 ? ['loc'] : real
  const interfaces = interfacesOf(rows)
  const maker = new NameMaker()
  const zones = new Map<string, Zone>()
  const addresses: [string, readonly string[]][] = []
  const green: SideDraft[] = []
  const main = names.find((name) => LAN.test(name)) ?? (names.length === 1 ? names[0] : undefined)
  const described = names.map((name) => ({ name, given: networksOf(name, rows.hosts) })).filter(({ name, given }) => name === main || given.length > 0)
  for (const { name, given } of described) {
    const card = interfaces.get(name) ?? (name === main ? 'eth0' : undefined)
    if (name === main && !interfaces.has(name)) findings.assumed(files, `nothing says which interface \`${name}\` is: \`eth0\` is assumed`, 'put the LAN\'s interface at `gateway.green`')
    const networks = given.length > 0 ? given : guess(name, rows.named)
    const own = networks.map((network) => `${gatewayIn(network, rows.named)}/${prefixOf(network)}`)
    findings.assumed(files, `Shorewall does not say the gateway's own address in \`${name}\`: \`${own.join(', ')}\` is assumed`, 'put the real one, with its prefix length, at `gateway.green`')
    green.push({ interface: card ?? `eth${green.length}`, addresses: own })
    const word = described.length === 1 ? 'green' : maker.make(name, 'zone')
    if (word !== 'green') addresses.push([word, networks.map(rangeText)])
    zones.set(name, { kind: 'lan', word, networks, interface: card ?? '' })
  }
  const internet = [...named].filter((name) => INTERNET.test(name))
  const red = internet.map((name) => interfaces.get(name)).filter((each): each is string => each !== undefined)
  if (red.length === 0) {
    const free = ['eth1', 'eth0'].find((name) => !green.some((each) => each.interface === name)) ?? 'eth9'
    findings.assumed(files, `nothing says which interface \`net\` is: \`${free}\` is assumed`, 'put the Internet\'s interface at `gateway.red`')
    red.push(free)
  }
  for (const row of rows.interfaces) if (internet.includes(row.columns[0] ?? '') && hasOption(row, 'dhcp')) findings.lost(row.line, '`dhcp` opens udp 67 and 68 to the internet, and what comes in through red is closed', 'a DHCP client that hears the packets of its card needs no rule, as dhclient does')
  return {
    get: (name) => zones.get(name) ?? (isGateway(name) ? { kind: 'gateway' } : INTERNET.test(name) ? { kind: 'internet' } : undefined),
    lans: [...zones].flatMap(([name, zone]) => (zone.kind === 'lan' ? [[name, zone] as const] : [])),
    green, red: red.map((name) => ({ interface: name })), addresses,
    dhcp: rows.interfaces.some((row) => zones.get(row.columns[0] ?? '')?.kind === 'lan' && hasOption(row, 'dhcp')),
  }
}

function hasOption(row: Row, option: string): boolean {
  return row.columns.slice(2).some((each) => each.split(',').includes(option))
}

/** By zone; `physical=` is the name that the kernel has. */
function interfacesOf({ interfaces, hosts }: ZoneRows): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = (zone: string, card: string): void => {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/.test(card) && !found.has(zone)) found.set(zone, card)
  }
  const physical = new Map<string, string>()
  for (const row of interfaces) {
    const [zone = '', name = ''] = row.columns
    const real = row.columns.flatMap((each) => each.split(',')).find((each) => each.startsWith('physical='))?.slice(9) ?? name.split(':')[0] ?? ''
    physical.set(name, real)
    if (zone !== '-') add(zone, real)
  }
  for (const row of hosts) {
    const [zone = '', place = ''] = row.columns
    const name = place.split(':')[0] ?? ''
    add(zone, physical.get(name) ?? name)
  }
  return found
}

/** `dmz eth2:192.168.2.0/24,192.168.3.0/24` in the file `hosts`. */
function networksOf(zone: string, hosts: readonly Row[]): readonly Range[] {
  const ranges = hosts.filter((row) => row.columns[0] === zone).flatMap((row) => addressesOf(row.columns[1] ?? '')).flatMap((text) => looseRange(text)?.range ?? [])
  return networkSet(ranges.filter(({ first, last }) => last > first)).ranges
}

function addressesOf(place: string): string[] {
  const colon = place.indexOf(':')
  return colon < 0 ? [] : place.slice(colon + 1).split(',').map((each) => each.replace(/^[[<]|[\]>]$/g, ''))
}

/** The networks round the addresses that rules name in the zone; else the office of the examples. */
function guess(zone: string, named: readonly string[]): readonly Range[] {
  const found = named.filter((each) => each.startsWith(`${zone}:`)).flatMap(addressesOf).flatMap((text) => looseRange(text.replace(/^!/, ''))?.range ?? [])
  const six = round(found.filter((range) => range.family === 6 && !isLink(range)), [64, 56, 48])
  const four = round(found.filter((range) => range.family === 4 && scopeOf(ipFromValue(4, range.first)) === 'private'), [24, 16, 12, 8])
  return [four ?? ASSUMED, ...(six === undefined ? [] : [six])]
}

/** fe80::/10, which every link has. */
function isLink({ first }: Range): boolean {
  return first >> 118n === 0x3fan
}

/** The smallest of these blocks that holds them all, else the one round the first. */
function round(found: readonly Range[], sizes: readonly number[]): Range | undefined {
  const [one] = found
  if (one === undefined) return undefined
  const blocks = sizes.map((bits) => blockOf({ family: one.family, value: one.first }, bits))
  return blocks.find((block) => found.every(({ first, last }) => first >= block.first && last <= block.last)) ?? blocks[0]
}

function prefixOf({ family, first, last }: Range): number {
  return (family === 4 ? 32 : 128) - ((last - first + 1n).toString(2).length - 1)
}

/** The last address that no rule gives to a host; in IPv6 the first. */
function gatewayIn({ family, first, last }: Range, named: readonly string[]): string {
  const taken = new Set(named.flatMap(addressesOf).map((text) => parseIp(text)?.text))
  const candidates = family === 4 ? [last - 1n, first + 1n, last - 2n] : [first + 1n]
  const free = candidates.map((value) => ipFromValue(family, value).text).find((text) => !taken.has(text))
  return free ?? ipFromValue(family, last - 1n).text
}
