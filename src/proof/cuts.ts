// Every constant by which any judge tells packets apart, a line a dimension. Danger prevented: a judge whose constants were forgotten, so that
// its mistakes lie inside a class and are never met.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { Family, Ip } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import type { NetworkSet, Range } from '../net/network.ts'
import { networkSet, parseNetwork, single } from '../net/network.ts'
import type { PortRange, ServicePart, ServiceSet } from '../policy/policy.ts'
import { Cut } from './cut.ts'
import { LAST_TIME } from './model.ts'
import type { Model, Test } from './model.ts'
import { LAST_SERVICE, PORTS, portSpan, protocolSpan, typeSpan } from './service.ts'
import type { Span } from './service.ts'
import type { World } from './world.ts'

const LAST_MAC = (1n << 48n) - 1n
const LAST: Readonly<Record<Family, bigint>> = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n }

export function macNumber(mac: string): bigint {
  return BigInt(`0x${mac.replaceAll(':', '')}`)
}

function wide(spans: readonly Span[]): readonly { readonly first: bigint; readonly last: bigint }[] {
  return spans.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }))
}

export class Cuts {
  readonly source = { 4: new Cut(0n, LAST[4]), 6: new Cut(0n, LAST[6]) } as const
  readonly destination = { 4: new Cut(0n, LAST[4]), 6: new Cut(0n, LAST[6]) } as const
  readonly service = new Cut(0n, BigInt(LAST_SERVICE))
  readonly sourcePort = new Cut(0n, 65_535n)
  readonly hopLimit = new Cut(0n, 255n)
  readonly uid = new Cut(0n, 0xfffffffen)
  readonly mac = new Cut(0n, LAST_MAC)
  readonly time = new Cut(0n, BigInt(LAST_TIME))
  readonly interfaces = new Set<string>()
  /** by the bits that count */
  readonly marks = new Map<number, Set<number>>()

  addresses(end: 'source' | 'destination' | 'both', ranges: readonly Range[]): void {
    for (const family of [4, 6] as const) {
      const own = ranges.filter((range) => range.family === family)
      if (own.length === 0) continue
      if (end !== 'destination') this.source[family].add(own)
      if (end !== 'source') this.destination[family].add(own)
    }
  }

  services(spans: readonly Span[]): void {
    this.service.add(wide(spans))
  }

  model(model: Model): void {
    for (const chain of model.chains.values()) for (const rule of chain.rules) for (const test of rule.tests) this.#test(test)
  }

  #test(test: Test): void {
    switch (test.on) {
      case 'in': case 'out':
        for (const name of test.names) this.interfaces.add(name)
        return
      case 'source': case 'destination': return this.addresses(test.on, test.set.ranges)
      case 'mac': return this.macs(test.macs)
      case 'service': return this.services(test.spans)
      case 'sourcePort': case 'hopLimit': case 'uid': return this[test.on].add(wide(test.spans))
      case 'time':
        this.time.add([{ first: BigInt(test.first), last: BigInt(test.last) }])
        return
      case 'mark': {
        const values = this.marks.get(test.mask) ?? new Set([0])
        this.marks.set(test.mask, values.add(test.value))
        return
      }
      default:
    }
  }

  macs(macs: Iterable<string>): void {
    this.mac.add([...macs].map((mac) => ({ first: macNumber(mac), last: macNumber(mac) })))
  }
}

const SPECIAL: readonly NetworkSet[] = [['127.0.0.0/8', '::1'], ['fe80::/10'], ['ff02::/16'], ['::'], ['0.0.0.0'], ['255.255.255.255']].map((texts) => networkSet(texts.flatMap((text) => {
  const parsed = parseNetwork(text)
  return parsed.ok ? [parsed.range] : []
})))

function partSpans(part: ServicePart, proxyPort: number): readonly Span[] {
  switch (part.protocol) {
    case 'proxy': return [portSpan('tcp', proxyPort)]
    case 'ip': return [protocolSpan(part.number)]
    case 'icmp': {
      if (part.all === true) return [typeSpan(4), typeSpan(6)]
      return [...(part.v4 === undefined ? [] : [typeSpan(4, part.v4)]), ...(part.v6 === undefined ? [] : [typeSpan(6, part.v6)])]
    }
    default: return [portSpan(part.protocol, part.first, part.last)]
  }
}

function addServices(cuts: Cuts, services: ServiceSet, proxyPort: number): void {
  cuts.services(services.parts.flatMap((part) => partSpans(part, proxyPort)))
  for (const part of services.parts) {
    if (!('sourcePort' in part) || part.sourcePort === undefined) continue
    cuts.services(partSpans(part, proxyPort))
    cuts.sourcePort.add(wide([{ first: part.sourcePort, last: part.sourcePort }]))
  }
}

/** ICMP that begins a flow, or is never tracked: the judgement of packets knows each of these types by itself. */
const TYPES: Readonly<Record<Family, readonly (readonly number[])[]>> = { 4: [[8, 13, 15, 17]], 6: [[128, 139], [130, 131, 132, 143], [133], [134], [135, 136], [137]] }

/** What the policy's own judgement (decision/packet.ts, and the proxy's) compares with. */
export function addPolicy(cuts: Cuts, compiled: CompiledPolicy, world: World, resolvers: readonly { readonly address: Ip; readonly port: number }[]): void {
  const { policy, known, machine: { proxyPort } } = compiled
  const { gateway, web } = policy
  for (const set of [known.own, known.green, known.internet, world.local, world.broadcast, world.anycast, world.multicast, world.nowhere, ...SPECIAL]) cuts.addresses('both', set.ranges)
  for (const { network } of gateway.green) cuts.addresses('both', [network])
  for (const { rule, clients, targets } of compiled.packets) {
    cuts.addresses('source', clients.networks.ranges)
    cuts.macs(clients.macs)
    for (const pin of clients.pins) {
      cuts.addresses('source', pin.networks.ranges)
      cuts.macs(pin.macs)
    }
    cuts.addresses('destination', targets.ranges)
    addServices(cuts, rule.services, proxyPort)
  }
  if (gateway.admin !== undefined) {
    cuts.macs(gateway.admin.macs)
    cuts.services(gateway.admin.ports.map((port) => portSpan('tcp', port)))
  }
  addServices(cuts, gateway.serve, proxyPort)
  for (const span of [PORTS.tcp, PORTS.udp, typeSpan(4), typeSpan(6), portSpan('tcp', proxyPort), portSpan('udp', 443)]) cuts.services([span])
  for (const protocol of ['tcp', 'udp'] as const) for (const port of [53, 853]) cuts.services([portSpan(protocol, port)])
  for (const family of [4, 6] as const) for (const types of TYPES[family]) cuts.services(types.map((type) => typeSpan(family, type)))
  const named = [...web.ports, ...web.connectPorts].filter(({ first, last }: PortRange) => first === last)
  cuts.services([80, 443, ...named.map(({ first }) => first)].map((port) => portSpan('tcp', port)))
  const own = gateway.resolvers.flatMap(({ address, port }) => {
    const ip = parseIp(address)
    return ip === undefined ? [] : [{ address: ip, port }]
  })
  for (const { address, port } of [...own, ...resolvers]) {
    cuts.addresses('destination', [single(address)])
    for (const protocol of ['tcp', 'udp'] as const) cuts.services([portSpan(protocol, port)])
  }
  addBlocks(cuts, compiled)
}

function addBlocks(cuts: Cuts, compiled: CompiledPolicy): void {
  // clients of the same blocks are one class
  const alike = new Map<string, Range[]>()
  for (const [text, blocks] of compiled.blocks) {
    const ip = parseIp(text)
    if (ip === undefined) continue
    const key = JSON.stringify(blocks.map(({ services, port, refused }) => [services?.text, port, refused.cause.place?.file]))
    const same = alike.get(key)
    if (same === undefined) alike.set(key, [single(ip)])
    else same.push(single(ip))
    for (const { services, port } of blocks) {
      if (port !== undefined) for (const protocol of ['tcp', 'udp'] as const) cuts.services([portSpan(protocol, port)])
      if (services !== undefined) addServices(cuts, services, compiled.machine.proxyPort)
    }
  }
  for (const ranges of alike.values()) cuts.addresses('source', ranges)
}
