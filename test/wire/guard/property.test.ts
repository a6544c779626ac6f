// Whatever name servers say and whatever the policy is: what is dialled was in the very answer of that request, and the policy allows it. Policies and
// answers are random, other ones each time a name is asked; what may be dialled is worked out here, without a line of the judge's.
import t from 'tap'
import fc from 'fast-check'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { networkSet, parseNetwork } from '../../../src/net/network.ts'
import { startGateway } from '../../proxy/gateway.ts'
import { answerOf, say } from './ask.ts'
import { hostileDns } from './dns.ts'
import { ip } from './ranges.ts'

/** Loopback, where everything answers; nothing else is ever opened, so that nothing leaves the machine. */
const NETWORKS = ['127.60.0.0/16', '127.61.0.0/16', '127.60.0.0/15', '127.60.0.2', '127.61.0.1-127.61.0.2', '127.62.0.0/15', '127.60.0.0/14'] as const
const ADDRESSES = ['127.60.0.1', '127.60.0.2', '127.60.0.3', '127.61.0.1', '127.61.0.2', '127.62.0.1', '127.63.0.1', '127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00::1', '::ffff:127.60.0.1', '64:ff9b::127.61.0.1', '2002:7f3c:1::'] as const
const NAMES = ['a.one.test', 'b.one.test', 'a.two.test'] as const

type Network = (typeof NETWORKS)[number]
type Name = (typeof NAMES)[number]
type Rule =
  | { readonly kind: 'opens' | 'denies' | 'allows'; readonly networks: readonly Network[]; readonly host: string | undefined; readonly observe: boolean }
  | { readonly kind: 'refuses'; readonly host: string; readonly observe: boolean }
interface World {
  readonly default: 'allow' | 'deny'
  readonly rules: readonly Rule[]
  /** of packets, which hold for what the proxy fetches */
  readonly packets: readonly { readonly action: 'allow' | 'deny'; readonly networks: readonly Network[] }[]
  /** each name's answers, one a request */
  readonly answers: Readonly<Record<Name, readonly (readonly string[])[]>>
}

const networks = fc.uniqueArray(fc.constantFrom(...NETWORKS), { minLength: 1, maxLength: 2 })
const host = fc.constantFrom('.one.test', 'a.two.test', '*.test', 'b.one.test')
const observe = fc.constantFrom(false, false, false, true)
const rule: fc.Arbitrary<Rule> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('opens' as const), networks, host: fc.option(host, { nil: undefined }), observe }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('denies' as const, 'allows' as const), networks, host: fc.option(host, { nil: undefined }), observe }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuses' as const), host, observe }) },
)
/** never none: that there is no address is kept for a moment */
const answer = fc.array(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 5 })
const turns = fc.array(answer, { minLength: 3, maxLength: 3 })
const world: fc.Arbitrary<World> = fc.record({
  default: fc.constantFrom('allow' as const, 'deny' as const),
  rules: fc.array(rule, { minLength: 1, maxLength: 5 }),
  packets: fc.array(fc.record({ action: fc.constantFrom('allow' as const, 'deny' as const), networks }), { maxLength: 2 }),
  answers: fc.record({ 'a.one.test': turns, 'b.one.test': turns, 'a.two.test': turns }),
})

function policyText({ default: fallback, rules, packets }: World): string {
  const list = (each: readonly string[]): string => `[${each.map((text) => `"${text}"`).join(', ')}]`
  const web = rules.map((each, at) => {
    const more = `${each.host === undefined ? '' : `, host: "${each.host}"`}${each.observe ? ', mode: observe' : ''}`
    if (each.kind === 'refuses') return `    - { name: w${at}, action: deny${more} }`
    if (each.kind === 'opens') return `    - { name: w${at}, action: allow, resolves-to: ${list(each.networks)}${more} }`
    return `    - { name: w${at}, action: ${each.kind === 'denies' ? 'deny' : 'allow'}, to: ${list(each.networks)}${more} }`
  })
  return `version: 1
name: random
limits: { new-per-second-per-client: 100000, new-per-second: 100000 }
rules:
${packets.map(({ action, networks: to }, at) => `  - { name: p${at}, action: ${action}, from: any, to: ${list(to)}, services: tcp/1-65535, via: proxy }\n`).join('')}  - { name: use, action: allow, from: any, to: gateway, services: proxy }
web:
  default: ${fallback}
  ports: [1-65535]
  rules:
${web.join('\n')}
`
}

function holds(networksOf: readonly string[], address: string): boolean {
  return networkSet(networksOf.map((text) => {
    const parsed = parseNetwork(text)
    if (!parsed.ok) throw new Error(parsed.problem)
    return parsed.range
  })).has(ip(address))
}

function isFor(pattern: string | undefined, name: string): boolean {
  if (pattern === undefined || pattern === name) return true
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : pattern.startsWith('.') && (name.endsWith(pattern) || name === pattern.slice(1))
}

/** Every address here is special-use: open is only what the deciding rule's `resolves-to` names, and no packet rule closes. */
function mayDial({ rules, packets }: World, name: string, address: string): boolean {
  const decides = rules.find((each) => !each.observe && isFor(each.host, name) && (each.kind === 'refuses' || holds(each.networks, address)))
  if (decides?.kind !== 'opens') return false
  return packets.find((each) => holds(each.networks, address))?.action !== 'deny'
}

t.test('what is dialled was judged', { timeout: 110_000 }, async (t) => {
  let current: World['answers'] | undefined
  const dns = await hostileDns(t, (name) => (_, turn, asked) => {
    const sets = current?.[asked.slice(asked.indexOf('.') + 1) as Name]
    return name === '' || sets === undefined ? { rcode: 3 } : { records: (sets[Math.min(turn, 2)] ?? []).map((address) => ({ address, ttl: 0 })) }
  })
  const open = new Set<Socket>()
  const connections: string[] = []
  /** path → the address that it came to */
  const served = new Map<string, string>()
  const origin = createServer((socket) => {
    const address = socket.localAddress ?? ''
    connections.push(address)
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      for (const [, path = ''] of chunk.toString('latin1').matchAll(/^GET (\S+) HTTP/gm)) {
        served.set(path, address)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      }
    })
  })
  origin.listen(0, '0.0.0.0')
  await once(origin, 'listening')
  const { port } = origin.address() as AddressInfo
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    origin.close()
  })
  const gateway = await startGateway(t, undefined, '', dns.port)
  let run = 0
  let requests = 0
  let reached = 0
  await fc.assert(fc.asyncProperty(world, async (made) => {
    current = made.answers
    run++
    connections.length = 0
    gateway.load(policyText(made))
    const allowed = new Set<string>()
    await Promise.all(NAMES.map(async (name) => {
      for (const [turn, addresses] of made.answers[name].entries()) {
        const path = `/${run}/${name}/${turn}`
        const host = `r${run}.${name}:${port}`
        const open = addresses.filter((address) => mayDial(made, `r${run}.${name}`, address))
        for (const address of open) allowed.add(address)
        const { status } = answerOf(await say(gateway.port, `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))
        requests++
        const at = served.get(path)
        if (at !== undefined) reached++
        if (at === undefined ? open.length > 0 : !open.includes(at as (typeof open)[number])) throw new Error(`${path}: ${status}, served by ${at ?? 'nobody'}; it may be one of ${open.join() || 'none'} of ${addresses.join()}\n${policyText(made)}`)
        if (at === undefined ? status !== 403 && status !== 502 : status !== 200) throw new Error(`${path}: ${status}`)
      }
    }))
    for (const address of connections) if (!allowed.has(address)) throw new Error(`${address} was dialled, and only ${[...allowed].join()} may be\n${policyText(made)}`)
  }), { seed: 1, numRuns: 150 })
  t.ok(reached > requests / 10, `${run} policies, ${requests} requests, ${reached} of them served`)
})
