// Why a drop is no sign of a missing rule: it was meant, it was forged, it is noise, or it is nobody's to have. Danger prevented: a proposal that
// opens the gateway's administration, or that answers a forged packet with a rule for its sender.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { PacketDecision } from '../decision/facts.ts'
import { decidePacket } from '../decision/packet.ts'
import type { LedgerEntry } from '../firewall/ledger-read.ts'
import { scopeOf } from '../net/scope.ts'

/** What computers of one link say to each other all day; none of it is meant for the other side of a gateway. */
const NOISE: readonly (readonly [name: string, protocols: readonly ('tcp' | 'udp')[], ports: readonly number[]])[] = [
  ['NetBIOS', ['tcp', 'udp'], [137, 138, 139]], ['SSDP', ['udp'], [1900]], ['mDNS', ['udp'], [5353]], ['LLMNR', ['tcp', 'udp'], [5355]],
]

export type NoProposal = 'allowed' | 'spoofed' | 'broadcast' | 'admin' | 'noise' | 'denied' | 'full' | 'test'

export interface Against {
  readonly kind: NoProposal
  readonly text: string
}

/** The last address of a green network, and the first, which old hosts took for it. */
function isBroadcast({ policy }: CompiledPolicy, { target }: LedgerEntry): boolean {
  if (target === undefined) return false
  if (scopeOf(target) === 'multicast' || (target.family === 4 && target.value === 0xffffffffn)) return true
  return target.family === 4 && policy.gateway.green.some(({ family, network, prefix }) => family === 4 && prefix < 31 && (target.value === network.last || target.value === network.first))
}

function noiseOf({ protocol, port }: LedgerEntry): string | undefined {
  if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return undefined
  return NOISE.find(([, protocols, ports]) => protocols.includes(protocol) && ports.includes(port))?.[0]
}

/** The gateway's own ports that stay the administrator's; the proxy's is for rules to open. */
function isAdmin({ known, policy, closedPorts, machine }: CompiledPolicy, { target, protocol, port }: LedgerEntry): boolean {
  if (target === undefined || port === undefined || protocol !== 'tcp' || !known.own.has(target)) return false
  return (policy.gateway.admin?.ports ?? []).includes(port) || (closedPorts.has(port) && port !== machine.proxyPort)
}

/** The rule that lets this pass from the machine to which it pins the address: whoever sent it is another. */
function pinnedBy(compiled: CompiledPolicy, { source: address, target: to, protocol, port }: LedgerEntry, now: number): string | undefined {
  if (to === undefined || protocol === undefined) return undefined
  const macs = compiled.packets.flatMap(({ clients }) => clients.pins.filter(({ networks }) => networks.has(address)).flatMap((pin) => [...pin.macs]))
  for (const mac of new Set(macs)) {
    const { verdict, cause } = decidePacket(compiled, { from: { address, mac }, to, protocol, port, now })
    if (verdict === 'allow') return cause.by
  }
  return undefined
}

/** undefined: no rule decided, so one may be missing. */
export function reasonAgainst(compiled: CompiledPolicy, entry: LedgerEntry, decision: PacketDecision, now: number): Against | undefined {
  const { cause } = decision
  if (entry.target === undefined) return { kind: 'full', text: 'the ledger was full: only the sender was counted' }
  if (decision.verdict === 'allow') return { kind: 'allowed', text: `allowed by now, by ${cause.by}` }
  if (isBroadcast(compiled, entry)) return { kind: 'broadcast', text: 'to everybody on the link' }
  if (decision.firm === true) return { kind: 'spoofed', text: cause.reason }
  const noise = noiseOf(entry)
  if (noise !== undefined) return { kind: 'noise', text: noise }
  if (isAdmin(compiled, entry)) return { kind: 'admin', text: 'the administrator\'s port: `gateway.admin` says whose' }
  const pin = pinnedBy(compiled, entry, now)
  if (pin !== undefined) return { kind: 'spoofed', text: `\`${pin}\` pins this address to another machine's MAC` }
  if (cause.kind !== 'default') return { kind: 'denied', text: `denied on purpose, by ${cause.by}${cause.place === undefined ? '' : ` (${cause.place.file}:${cause.place.line})`}` }
  return undefined
}
