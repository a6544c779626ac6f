// Random policies and what to ask of them: small pools, so that rules meet, and every edge of every network as an address.
import fc from 'fast-check'
import { compile, ip } from './asking.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { ipFromValue } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'

const NETWORKS = ['93.184.215.0/24', '93.184.215.14', '93.184.0.0/16', '8.8.8.8', '10.1.0.0/16', '10.1.2.3', '192.168.51.0/28', '0.0.0.0/1', '128.0.0.0/1', '203.0.113.0/24', '2606:2800::/32', '2606:2800::1', 'fd00::/8', '64:ff9b::/96', '::/0']
const WORDS = ['any', 'internet', 'green', 'gateway']
const CLIENTS = ['192.168.51.1', '192.168.51.0/28', '192.168.51.8-192.168.51.40', 'any', 'green', 'gateway', '00:16:3e:5e:6c:01']
const HOSTS = ['a.test', '.a.test', '*.a.test', 'b.test', 'x-*.test', 'numeric']
const SERVICES = ['any', 'tcp/80', 'tcp/443', 'tcp/8080', 'proxy', 'tcp/1-1023', 'udp/53', 'dns', 'icmp/echo-request', 'icmp', 'gre']

const some = <T>(pool: readonly T[], least = 1): fc.Arbitrary<T[]> => fc.uniqueArray(fc.constantFrom(...pool), { minLength: least, maxLength: 2 })
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq: 1 })

const common = {
  enabled: fc.constantFrom(true, true, true, false),
  mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'observe'),
  schedule: fc.option(fc.constantFrom('day', 'night'), { nil: undefined, freq: 4 }),
}

const packetRule = fc.record({
  action: fc.constantFrom('allow', 'allow', 'deny', 'drop', 'reject'),
  from: some(CLIENTS), to: some([...NETWORKS, ...WORDS]), services: some(SERVICES),
  via: maybe(fc.constantFrom('direct', 'proxy', 'both')),
  ...common,
})

const webRule = fc.record({
  action: fc.constantFrom('allow', 'deny'),
  from: maybe(some(CLIENTS)), to: maybe(some([...NETWORKS, ...WORDS, 'a.test', '.b.test'])), host: maybe(some(HOSTS)),
  methods: maybe(some(['GET', 'POST', 'CONNECT'])), ports: maybe(some([80, 443, '8000-9000'])), uri: fc.option(some(['/secret', 'test:443']), { nil: undefined, freq: 5 }),
  'resolves-to': maybe(some(NETWORKS)), 'content-type': fc.option(some(['video/mp4', 'text/*']), { nil: undefined, freq: 6 }),
  ...common,
}).map((rule) => (rule.action === 'deny' ? { ...rule, 'resolves-to': undefined } : rule))

export interface Made {
  readonly yaml: Readonly<Record<string, unknown>>
  readonly compiled: CompiledPolicy
}

/** `open`: the first packet rule lets everybody reach the proxy, so that most questions get past it. */
export function policies(open: boolean): fc.Arbitrary<Made> {
  return fc.record({ rules: fc.array(packetRule, { maxLength: 5 }), web: fc.array(webRule, { maxLength: 6 }), fallback: fc.constantFrom('allow', 'deny'), output: fc.constantFrom('allow', 'drop') })
    .map(({ rules, web, fallback, output }) => {
      const reach = { name: 'reach', action: 'allow', from: 'any', to: 'gateway', services: 'proxy' }
      const yaml = {
        gateway: { green: { interface: 'eth0', address: ['192.168.51.254/24', 'fd00:51::1/64'] }, red: { interface: 'eth1' }, admin: { mac: '00:1a:2b:3c:4d:5e', ports: [445] }, timezone: 'UTC', output: { action: output }, serve: ['dns', 'ping'] },
        schedules: { day: ['daily 08:00-18:00'], night: ['daily 18:00-08:00'] },
        rules: open ? [reach, ...rules] : rules,
        web: { default: fallback, 'connect-ports': [443, 80], rules: web },
      }
      // JSON is YAML: one line a key
      return { yaml, compiled: compile(Object.entries(yaml).map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join('\n')) }
    })
}

/** Every address at which some rule's answer may change, and a few of each scope. */
export function atoms(compiled: CompiledPolicy): readonly Ip[] {
  const found = new Map<string, Ip>()
  const add = (address: Ip): unknown => found.set(address.text, address)
  for (const text of ['1.2.3.4', '93.184.215.14', '8.8.8.8', '10.1.2.3', '10.2.0.1', '127.0.0.1', '192.168.51.9', '192.168.51.254', '203.0.113.9', '2606:2800::5', '2a00::1', 'fd00::1', '::1', '200.1.1.1']) add(ip(text))
  const { policy } = compiled
  const sets = [...policy.rules.flatMap((rule) => [rule.to]), ...policy.web.rules.flatMap((rule) => (rule.to === undefined ? [] : [rule.to]))]
  for (const { family, first, last } of [...sets.flatMap((set) => set.ranges), ...policy.web.rules.flatMap((rule) => rule.resolvesTo ?? [])]) {
    const top = family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n
    for (const value of [first - 1n, first, last, last + 1n]) if (value >= 0n && value <= top) add(ipFromValue(family, value))
  }
  return [...found.values()]
}

export const clients = fc.constantFrom('192.168.51.1', '192.168.51.9', '192.168.51.20', '192.168.51.100', '192.168.51.100 00:16:3e:5e:6c:01', '127.0.0.1', '203.0.113.7', 'fd00:51::9')
export const requests = fc.constantFrom('GET http://a.test/', 'GET http://x.a.test/secret', 'POST http://b.test:8080/', 'CONNECT a.test:443', 'CONNECT x-1.test:443', 'GET http://c.test/', 'GET http://c.test:25/', 'CONNECT a.test:80')
export const hours = fc.constantFrom(Date.parse('2026-06-03T10:00:00Z'), Date.parse('2026-06-03T22:00:00Z'))
