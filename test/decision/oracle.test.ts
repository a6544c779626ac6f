// The judgement against a second one, written straight from the policy's words: it reads the file's own entries, knows no index, no
// sets and no moments, and asks each rule of each address in turn.
import t from 'tap'
import fc from 'fast-check'
import { client, facts, packetJudged } from './asking.ts'
import { atoms, clients, hours, policies, requests } from './random.ts'
import type { Made } from './random.ts'
import { decide } from '../../src/decision/decide.ts'
import type { Client, RequestFacts } from '../../src/decision/facts.ts'
import { guard } from '../../src/decision/guard.ts'
import { closed } from '../../src/decision/closed.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseNetwork } from '../../src/net/network.ts'
import { embeddedIps, scopeOf } from '../../src/net/scope.ts'

interface Written {
  readonly name?: string
  readonly action: string
  readonly enabled: boolean
  readonly mode: string
  readonly schedule?: string
  readonly from?: readonly string[] | string
  readonly to?: readonly string[] | string
  readonly services?: readonly string[] | string
  readonly via?: string
  readonly host?: readonly string[]
  readonly methods?: readonly string[]
  readonly ports?: readonly (number | string)[]
  readonly uri?: readonly string[]
  readonly 'resolves-to'?: readonly string[]
  readonly 'content-type'?: readonly string[]
}

const OWN = ['192.168.51.254', 'fd00:51::1', '198.18.7.7', '0.0.0.0', '::', '::1']

function list(entries: readonly string[] | string | undefined): readonly string[] {
  return entries === undefined ? [] : typeof entries === 'string' ? [entries] : entries
}

function within(address: Ip, network: string): boolean {
  const parsed = parseNetwork(network)
  return parsed.ok && parsed.range.family === address.family && address.value >= parsed.range.first && address.value <= parsed.range.last
}

function own(address: Ip): boolean {
  return OWN.includes(address.text) || within(address, '127.0.0.0/8')
}

function green(address: Ip): boolean {
  return within(address, '192.168.51.0/24') || within(address, 'fd00:51::/64')
}

function inEntry(address: Ip, entry: string): boolean {
  switch (entry) {
    case 'any': return true
    case 'green': return green(address)
    case 'gateway': return own(address)
    case 'internet': return !green(address) && !own(address) && ['public', 'documentation'].includes(scopeOf(address))
    default: return within(address, entry)
  }
}

function fromHolds(from: readonly string[] | string | undefined, who: Client): boolean {
  return from === undefined || list(from).some((entry) => entry === who.mac || inEntry(who.address, entry))
}

function inForce(rule: Written, now: number): boolean {
  const hour = new Date(now).getUTCHours()
  const day = hour >= 8 && hour < 18
  return rule.enabled && rule.mode === 'enforce' && (rule.schedule === undefined || (rule.schedule === 'day') === day)
}

function named(made: Made, key: 'rules' | 'web'): readonly (Written & { readonly id: string })[] {
  const { rules, web } = made.yaml as { rules: Written[]; web: { rules: Written[] } }
  return (key === 'rules' ? rules : web.rules).map((rule, at) => ({ ...rule, id: rule.name ?? `${key === 'rules' ? 'rules' : 'web.rules'}[${at}]` }))
}

function serviceHolds(entry: string, protocol: string, port: number | undefined): boolean {
  switch (entry) {
    case 'any': return true
    case 'proxy': return protocol === 'tcp' && port === 800
    case 'dns': return (protocol === 'tcp' || protocol === 'udp') && port === 53
    case 'icmp': return protocol === 'icmp'
    case 'icmp/echo-request': return protocol === 'icmp'
    case 'gre': return protocol === 'gre'
    default: {
      const [kind = '', ports = ''] = entry.split('/')
      const [first = 0, last = first] = ports.split('-').map(Number)
      return kind === protocol && port !== undefined && port >= first && port <= last
    }
  }
}

/** What the author did not say: a rule to any, internet or green speaks of direct packets, another one of both paths. */
function via(rule: Written): string {
  return rule.via ?? (list(rule.to).some((entry) => ['any', 'internet', 'green'].includes(entry)) ? 'direct' : 'both')
}

function packetByHand(made: Made, from: string, service: string, to: Ip, now: number): string {
  const who = client(from)
  const [protocol = '', port] = service.split('/')
  const number = protocol === 'tcp' || protocol === 'udp' ? Number(port) : undefined
  if (!green(who.address) && !own(who.address)) return 'drop by default'
  if (!own(who.address) && (to.text === '::1' || within(to, '127.0.0.0/8'))) return 'drop by default'
  if (own(to) && ((number === 53 && (protocol === 'tcp' || protocol === 'udp')) || protocol === 'icmp')) return 'accept by serve'
  for (const rule of named(made, 'rules')) {
    if (!inForce(rule, now) || via(rule) === 'proxy' || !fromHolds(rule.from, who) || !list(rule.to).some((entry) => inEntry(to, entry))) continue
    if (!list(rule.services).some((entry) => serviceHolds(entry, protocol, number))) continue
    return `${rule.action === 'allow' ? 'accept' : rule.action === 'reject' ? 'reject' : 'drop'} by ${rule.id}`
  }
  return 'drop by default'
}

t.test('packets: the first match decides', async (t) => {
  const services = fc.constantFrom('tcp/80', 'tcp/443', 'tcp/22', 'udp/9', 'tcp/8080', 'tcp/53', 'icmp/echo-request', 'gre', 'tcp/800')
  const inside = fc.constantFrom('192.168.51.1', '192.168.51.9', '192.168.51.100 00:16:3e:5e:6c:01', '203.0.113.7', 'fd00:51::9')
  fc.assert(fc.property(policies(false), inside, services, hours, (made, from, service, now) => {
    for (const to of atoms(made.compiled)) {
      const expected = packetByHand(made, from, service, to, now)
      const got = packetJudged(made.compiled, from, `${service} to ${to.text}`, now)
      if (got.replace('reject by default', 'drop by default') !== expected) throw new Error(`${from} ${service} to ${to.text}: expected ${expected}, got ${got}`)
    }
  }), { numRuns: 250 })
  t.pass('for random policies and every edge of their networks')
})

function hostHolds(entry: string, asked: RequestFacts): boolean {
  const { host } = asked.target
  if (host.kind === 'address') return entry === 'numeric'
  if (entry.startsWith('.')) return host.name === entry.slice(1) || host.name.endsWith(entry)
  if (entry === 'x-*.test') return /^x-[^.]*\.test$/.test(host.name)
  if (entry.startsWith('*.')) return host.name.endsWith(entry.slice(1))
  return host.name === entry
}

function webByHand(made: Made, asked: RequestFacts, address: Ip): string {
  const { web } = made.yaml as { web: { default: string } }
  const inner = embeddedIps(address)
  for (const rule of named(made, 'web')) {
    const denies = rule.action === 'deny'
    const toEntry = (entry: string): boolean => (/test$/.test(entry) ? hostHolds(entry, asked) : inEntry(address, entry) || (denies && inner.some((each) => inEntry(each, entry))))
    const portHolds = (entry: number | string): boolean => {
      const [first = 0, last = first] = String(entry).split('-').map(Number)
      return asked.target.port >= first && asked.target.port <= last
    }
    const holds = inForce(rule, asked.now) && fromHolds(rule.from, asked.client) && (rule.to === undefined || list(rule.to).some(toEntry)) &&
      (rule.host === undefined || rule.host.some((entry) => hostHolds(entry, asked))) && (rule.methods === undefined || rule.methods.includes(asked.method)) &&
      (rule.ports === undefined || rule.ports.some(portHolds)) && (rule.uri === undefined || rule.uri.some((part) => asked.uri.includes(part))) &&
      (rule['resolves-to'] === undefined || rule['resolves-to'].some((entry) => within(address, entry))) && rule['content-type'] === undefined
    if (!holds) continue
    if (denies) return `deny by ${rule.id}`
    return pathByHand(made, asked, address) ?? guardByHand(asked, address, rule['resolves-to']) ?? `allow by ${rule.id}`
  }
  return web.default === 'deny' ? 'deny by web.default' : (pathByHand(made, asked, address) ?? guardByHand(asked, address, undefined) ?? 'allow by web.default')
}

function pathByHand(made: Made, asked: RequestFacts, address: Ip): string | undefined {
  for (const each of [address, ...embeddedIps(address)]) {
    const rule = named(made, 'rules').find((rule) => inForce(rule, asked.now) && via(rule) !== 'direct' && fromHolds(rule.from, asked.client) &&
      list(rule.to).some((entry) => inEntry(each, entry)) && list(rule.services).some((entry) => serviceHolds(entry, 'tcp', asked.target.port)))
    if (rule !== undefined && rule.action !== 'allow') return `deny by ${rule.id}`
  }
  return undefined
}

function guardByHand(asked: RequestFacts, address: Ip, opened: readonly string[] | undefined): string | undefined {
  for (const each of [address, ...embeddedIps(address)]) {
    if (own(each) && [800, 445].includes(asked.target.port)) return 'deny by private'
    if (opened?.some((entry) => within(each, entry)) === true) continue
    if (own(each) || scopeOf(each) !== 'public') return 'deny by private'
  }
  return undefined
}

t.test('requests: decide and guard', async (t) => {
  const plain = requests.filter((request) => request !== 'CONNECT a.test:80' && request !== 'GET http://c.test:25/')
  const inside = clients.filter((from) => from !== '203.0.113.7')
  fc.assert(fc.property(policies(true), inside, plain, hours, (made, from, request, now) => {
    const asked = facts(made.compiled, from, request, { now })
    const leave = decide(made.compiled, asked)
    for (const address of atoms(made.compiled)) {
      const expected = webByHand(made, asked, address)
      const end = leave.verdict === 'deny' ? leave : guard(made.compiled, leave, [address])
      const got = end.verdict === 'deny' ? `deny by ${end.cause.by}` : `allow by ${end.endpoints[0]?.cause.by}`
      // a denial before any DNS names what ends the walk; the verdict is the same
      const same = leave.verdict === 'deny' ? expected.startsWith('deny') : got === expected
      if (!same) throw new Error(`${from} ${request} at ${address.text}: expected ${expected}, got ${got}`)
    }
  }), { numRuns: 250 })
  t.pass('for random policies and every edge of their networks')
})

t.test('the oracle and the guard agree on what is closed', async (t) => {
  fc.assert(fc.property(policies(true), ({ compiled }) => atoms(compiled).every((address) => {
    const asked = facts(compiled, '192.168.51.1', 'GET http://a.test/')
    return (closed(compiled, address, 80, undefined) === undefined) === (guardByHand(asked, address, undefined) === undefined)
  })), { numRuns: 50 })
  t.pass('for every edge')
})
