// Requests generated from a policy's own words: clients at the edges of its groups, hosts that its patterns almost mean, numbers in
// every spelling, addresses inside and just outside its ranges, hours around its schedules. Seeded, so that a failure can be had again.
import { ipFromValue } from '../../src/net/ip.ts'
import { parseMac } from '../../src/net/mac.ts'
import type { Mac } from '../../src/net/mac.ts'
import type { Range } from '../../src/net/network.ts'
import type { HostPattern } from '../../src/net/pattern.ts'
import type { AddressSet, Policy, WebRule } from '../../src/policy/policy.ts'

export interface Case {
  readonly client: string
  /** what the kernel knows of it */
  readonly mac: Mac | undefined
  readonly at: number
  readonly method: string
  /** a URL, or `host:port` of a CONNECT */
  readonly target: string
  /** what the target's name resolves to; for a number nobody asks */
  readonly addresses: readonly string[]
  readonly contentType: string | undefined
  readonly responseType: string | undefined
}

/** `mulberry32`: small, even, and the same everywhere. */
export function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

// both families, each special range that somebody once forgot, and what embeds one
const PUBLIC = ['93.184.215.14', '8.8.4.4', '2606:2800:21f:cb07::1', '151.101.1.6']
const CLOSED = [
  '10.1.2.3', '192.168.51.1', '172.16.0.1', '127.0.0.1', '127.9.9.9', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '203.0.113.9',
  '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:10.0.0.1', '::ffff:93.184.215.14', '64:ff9b::a00:1', '64:ff9b::5db8:d70e', '2002:a00:1::1', '2001:db8::1',
]
const NUMERIC = [
  '93.184.215.14', '93.184.215.14.', '1572394766', '0x5db8d70e', '0135.0270.0327.016', '93.184.55054', '0x5d.0xb8.0xd7.0xe', '[2606:2800:21f:cb07::1]', '[::ffff:93.184.215.14]',
  '127.0.0.1', '127.1', '[::1]', '%39%33.184.215.14', '10.0.0.5', '203.0.113.5',
]
const NAMES = ['example.com', 'www.example.org', 'Intranet.Example', 'a.b.c.d.example.net', 'xn--bcher-kva.example', 'under_score.example', '1.2.3.4.nip.example', 'localhost', 'final.example.']
const PATHS = ['/', '/a/b?c=d', '/gateway/gateway.dll?Action=poll', '/gateway/gateway%2Edll', '/GATEWAY.DLL', '/x?y=application/x-msn-messenger', '/%78-msn-messenger', '/a%2Fb/../c', '/video.mp4']
const PORTS = [80, 443, 8080, 22, 25, 110, 445, 222, 800, 1024, 1025, 1863, 65535]
const METHODS = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'CONNECT', 'CONNECT']
const TYPES = ['text/html', 'application/x-msn-messenger', 'video/mp4', 'application/octet-stream']

export function cases(policy: Policy, seed: number, count: number): Case[] {
  const random = dice(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const maybe = <T>(from: readonly T[], chance: number): T | undefined => (from.length > 0 && random() < chance ? pick(from) : undefined)

  const clients = clientsOf(policy)
  const served = servedBy(policy)
  const hosts = [...hostsOf(policy, policy.web.rules), ...NAMES]
  const addresses = [...addressesOf(policy), ...CLOSED]
  const macs = macsOf(policy)
  const times = timesOf(policy)
  const types = [...TYPES, ...policy.web.rules.flatMap((rule) => rule.contentTypes ?? []).map((type) => type.replace('*', 'anything'))]
  const ports = [...PORTS, ...policy.web.rules.flatMap((rule) => rule.ports ?? []).flatMap(({ first, last }) => [first, last])]
  const uris = [...PATHS, ...policy.web.rules.flatMap((rule) => rule.uri ?? []).map((source) => `/${source.replace(/\\(.)/g, '$1').replace(/[^\w.\/-]/g, '')}`)]

  return Array.from({ length: count }, () => {
    // a third is aimed at one rule; of what it does not speak of, the dice decide
    const rule = maybe(policy.web.rules, 0.35)
    const aimed = rule === undefined ? [] : hostsOf(policy, [rule])
    const method = pick(rule?.methods ?? METHODS)
    const host = aimed.length > 0 ? pick(aimed) : rule?.host?.numeric === true || random() < 0.25 ? pick(NUMERIC) : pick(hosts)
    const wanted = rule?.ports?.map(({ first }) => first)
    const port = wanted !== undefined ? pick(wanted) : random() < 0.3 ? pick(ports) : method === 'CONNECT' ? 443 : 80
    const path = random() < 0.6 ? pick(uris) : '/'
    const client = random() < 0.6 ? pick(served) : pick(clients)
    const opened = rule?.resolvesTo?.flatMap(edges) ?? []
    return {
      client,
      mac: /^127\.|^::1$/.test(client) ? undefined : maybe(macs, 0.5),
      at: pick(times),
      method,
      target: method === 'CONNECT' ? `${host}:${port}` : `http://${host}${port === 80 ? '' : `:${port}`}${path}`,
      addresses: opened.length > 0 ? [pick(opened)] : random() < 0.6 ? [pick(PUBLIC)] : Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random() < 0.5 ? PUBLIC : addresses)),
      contentType: maybe(types, 0.25),
      responseType: maybe(types, 0.4),
    }
  })
}

/** Clients whom a rule lets reach the proxy. */
function servedBy(policy: Policy): string[] {
  const rules = policy.rules.filter((rule) => rule.action === 'allow' && rule.services.parts.some((part) => part.protocol === 'proxy'))
  const found = rules.flatMap((rule) => rule.from.ranges).flatMap((range) => edges(range).slice(range.first === 0n ? 0 : 1, -1))
  return found.length > 0 ? found : ['127.0.0.1']
}

/** First and last of a range, one before and one after. */
function edges(range: Range): string[] {
  const top = range.family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n
  return [range.first - 1n, range.first, (range.first + range.last) / 2n, range.last, range.last + 1n]
    .filter((value) => value >= 0n && value <= top)
    .map((value) => ipFromValue(range.family, value).text)
}

function rangesOf(policy: Policy): Range[] {
  const sets: readonly (AddressSet | undefined)[] = [...policy.addresses.values(), ...policy.rules.flatMap((rule) => [rule.from, rule.to]), ...policy.web.rules.flatMap((rule) => [rule.from, rule.to])]
  return sets.flatMap((set) => (set === undefined ? [] : [...set.ranges, ...set.pins.flatMap((pin) => pin.ranges)]))
}

function clientsOf(policy: Policy): string[] {
  const green = policy.gateway.green.flatMap(({ network }) => edges(network).slice(1, 4))
  const found = new Set(['127.0.0.1', '::1', '192.168.51.77', '198.18.0.9', ...green, ...rangesOf(policy).flatMap(edges)])
  for (const network of policy.gateway.green) found.delete(ipFromValue(network.family, network.address).text)
  return [...found]
}

function macsOf(policy: Policy): Mac[] {
  const named = [...policy.addresses.values(), ...policy.rules.map((rule) => rule.from)].flatMap((set) => [...set.macs, ...set.pins.flatMap((pin) => pin.macs)])
  const stranger = parseMac('02:51:00:00:00:99')
  return [...new Set([...named, ...(policy.gateway.admin?.macs ?? []), ...(stranger === undefined ? [] : [stranger])])]
}

function addressesOf(policy: Policy): string[] {
  const opened = policy.web.rules.flatMap((rule) => rule.resolvesTo ?? [])
  return [...new Set([...rangesOf(policy), ...opened].flatMap(edges))]
}

function hostsOf(policy: Policy, rules: readonly WebRule[]): string[] {
  const named = rules.length === 1 ? [] : [...policy.addresses.values()]
  const sets = [...named, ...rules.flatMap((rule) => (rule.to === undefined ? [] : [rule.to]))]
  const patterns: HostPattern[] = [...sets.flatMap((set) => set.hosts), ...rules.flatMap((rule) => rule.host?.patterns ?? [])]
  const hosts: string[] = []
  for (const pattern of patterns) {
    if (pattern.kind === 'glob') hosts.push(pattern.glob.replaceAll('**', 'x.y').replaceAll('*', 'xyz').replaceAll('?', 'q').replace(/\[(.)[^\]]*\]/g, '$1'), pattern.glob.replaceAll('*', 'x.y'))
    else hosts.push(pattern.name, `www.${pattern.name}`, `a.b.${pattern.name}`, `evil${pattern.name}`, pattern.name.toUpperCase(), `${pattern.name}.`, `${pattern.name}.evil.example`)
  }
  return hosts.filter((host) => /^[A-Za-z0-9._-]+$/.test(host))
}

/** A week by steps that fall into every usual window, the minutes round its edges, and two days on which the clock changes. */
function timesOf(policy: Policy): number[] {
  const monday = Date.UTC(2026, 8, 7)
  const times = [Date.UTC(2026, 2, 29, 0, 59, 59), Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1)]
  for (let hour = 0; hour < 7 * 24; hour += 5) times.push(monday + hour * 3_600_000)
  const schedules = [...policy.rules, ...policy.web.rules].flatMap((rule) => rule.schedules ?? [])
  for (const schedule of new Set(schedules)) {
    for (const { startMinute, endMinute } of schedule.windows) {
      for (const minute of [startMinute, endMinute]) for (const shift of [-1, 0, 60_000]) for (const zone of [0, 1, 2]) times.push(monday + 86_400_000 + (minute - zone * 60) * 60_000 + shift)
    }
  }
  for (const rule of [...policy.rules, ...policy.web.rules]) if (rule.expires !== undefined) times.push(rule.expires - 1, rule.expires)
  return times
}
