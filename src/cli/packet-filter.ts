// `--client`, `--service` and `--since` of the commands that tell of packets: a group of the policy, an address, a network or a MAC; a service of
// the policy, a known one or `tcp/25`; a time, or how long ago. Danger prevented: a misspelled filter that shows nothing, read as "nothing happened".
import { clientSet, holdsClient } from '../decision/client-set.ts'
import type { CompiledPolicy } from '../decision/compile.ts'
import { holdsPacket } from '../decision/port-set.ts'
import type { Client, PacketFacts } from '../decision/facts.ts'
import { parseMac } from '../net/mac.ts'
import { networkSet, parseNetwork } from '../net/network.ts'
import type { ServicePart } from '../policy/policy.ts'
import { nearest } from '../policy/nearest.ts'
import { parseTime } from '../policy/schedule.ts'
import { parseServiceLiteral, service } from '../policy/services.ts'
import { parseDuration } from '../policy/sizes.ts'
import { usageError } from './exit.ts'

export interface FilterOptions {
  readonly client?: string
  readonly service?: string
  readonly since?: string
}

export type PacketOf = Pick<PacketFacts, 'to' | 'protocol' | 'port'>

export interface PacketFilter {
  /** epoch milliseconds */
  readonly since: number | undefined
  readonly holds: (client: Client, packet: PacketOf) => boolean
}

function clientTest({ policy, known }: CompiledPolicy, text: string): ((client: Client) => boolean) | string {
  const group = policy.addresses.get(text)
  if (group !== undefined) {
    const set = clientSet(group, known)
    return (client) => holdsClient(set, client)
  }
  const mac = parseMac(text)
  if (mac !== undefined) return (client) => client.mac === mac
  const network = parseNetwork(text)
  if (network.ok) {
    const set = networkSet([network.range])
    return (client) => set.has(client.address)
  }
  const close = nearest(text, [...policy.addresses.keys()])
  return close === undefined ? 'write an address, a network, a MAC, or the name of a group of the policy' : `did you mean \`${close}\`?`
}

function serviceTest({ policy, machine }: CompiledPolicy, text: string): ((packet: PacketOf) => boolean) | string {
  const literal = parseServiceLiteral(text)
  const parts: readonly ServicePart[] | undefined = policy.services.get(text)?.parts ?? service(text) ?? (literal.ok ? literal.parts : undefined)
  if (parts !== undefined) {
    const set = { any: policy.services.get(text)?.any === true, parts, text: [text] }
    return (packet) => holdsPacket(set, { from: 'gateway', now: 0, ...packet }, machine.proxyPort)
  }
  const close = nearest(text, [...policy.services.keys()])
  if (close !== undefined) return `did you mean \`${close}\`?`
  return literal.ok || literal.problem === undefined ? 'write a service of the policy, a known one like `smtp`, or `tcp/25`' : literal.problem
}

/** undefined: told on standard error, and the exit code is set. */
export function packetFilter(compiled: CompiledPolicy, options: FilterOptions, now: number): PacketFilter | undefined {
  const client = options.client === undefined ? () => true : clientTest(compiled, options.client)
  if (typeof client === 'string') return void usageError(`\`${options.client ?? ''}\` is no client`, client)
  const service = options.service === undefined ? () => true : serviceTest(compiled, options.service)
  if (typeof service === 'string') return void usageError(`\`${options.service ?? ''}\` is no service`, service)
  const ago = options.since === undefined ? undefined : parseDuration(options.since)
  const since = options.since === undefined ? undefined : ago === undefined ? parseTime(options.since, compiled.policy.gateway.timezone) : now - ago
  if (options.since !== undefined && since === undefined) return void usageError(`\`${options.since}\` is no time`, 'write it like 2026-11-20T17:30, or how long ago: `10m`, `2h`, `1d`')
  return { since, holds: (who, packet) => client(who) && service(packet) }
}
