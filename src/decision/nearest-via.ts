// At which of its own addresses a client would ask the proxy: the one in its network; loopback for the machine's own programs. Danger
// prevented: a test or an explanation that asks the gateway at an address that this client never uses.
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import type { CompiledPolicy } from './compile.ts'

const LOOPBACK = { 4: parseIp('127.0.0.1'), 6: parseIp('::1') } as const

export function nearestVia(compiled: CompiledPolicy, client: Ip): Ip {
  const { gateway } = compiled.policy
  if (scopeOf(client) === 'loopback') return LOOPBACK[client.family] ?? client
  const inNetwork = gateway.green.find(({ network }) => network.family === client.family && client.value >= network.first && client.value <= network.last)
  const green = inNetwork ?? gateway.green.find((network) => network.family === client.family) ?? gateway.green[0]
  if (compiled.known.own.has(client)) return client
  if (green !== undefined) return ipFromValue(green.family, green.address)
  const own = compiled.machine.addresses.find((address) => address.family === client.family && scopeOf(address) !== 'loopback' && scopeOf(address) !== 'link-local')
  return own ?? LOOPBACK[client.family] ?? client
}
