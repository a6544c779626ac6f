// Anti-spoofing, before the kernel tracks a connection: a forged packet must neither make nor refresh state. Danger prevented: a sender
// that names another's address, the gateway's own, or loopback's, and is judged by it.
import type { Range } from '../net/network.ts'
import { parseNetwork } from '../net/network.ts'
import type { Policy } from '../policy/policy.ts'
import { COMMON_LOG, logChain, logLines } from './logs.ts'
import { DROP, RETURN, jump, line } from './ruleset.ts'
import type { Chain, Line } from './ruleset.ts'
import { addressTerms, greenInterfaces, redInterfaces } from './terms.ts'

export function network(text: string): Range {
  const parsed = parseNetwork(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.range
}

const LOOPBACK = [network('127.0.0.0/8'), network('::1')]
const LINK_LOCAL4 = network('169.254.0.0/16')
/** neighbour discovery speaks from these: link-local, and unspecified while an address is being tried (RFC 4861, 4862) */
const UNSPECIFIED6 = network('::')
const LINK6 = [network('fe80::/10'), UNSPECIFIED6]
const UNSPECIFIED = network('0.0.0.0')
const BROADCAST = network('255.255.255.255')

function each(ranges: readonly Range[], end: 'sources' | 'destinations', verdict: Line['verdict'], comment: string | undefined, more: Line['tests'] = {}): readonly Line[] {
  return addressTerms(ranges, end, more).map(({ families, tests }) => line(tests, verdict, comment, families))
}

/** What holds on every machine: loopback stays on loopback, and nobody else speaks from an address of ours. */
function ownLines(): readonly Line[] {
  return [
    line({ in: ['lo'] }, RETURN),
    ...each(LOOPBACK, 'sources', DROP, 'spoof-loopback'),
    ...each(LOOPBACK, 'destinations', DROP, 'spoof-loopback'),
    line({ sourceLocal: true }, DROP, 'spoof-self'),
  ]
}

/** Nothing of loopback leaves by a wire; what goes over loopback itself has passed before. */
export function loopbackOut(): readonly Line[] {
  return (['sources', 'destinations'] as const).flatMap((end) => each(LOOPBACK, end, DROP, 'spoof-loopback'))
}

/** What this machine sends bears an address of its own, or none yet (DHCP, a group's membership). */
export function spoofOutChains(): readonly Chain[] {
  return [
    { name: 'SPOOF_OUT', table: 'filter', lines: [
      ...each([UNSPECIFIED, UNSPECIFIED6], 'sources', RETURN, undefined),
      line({ limit: COMMON_LOG }, jump('SPOOF_OUT_LOG')),
      line({}, DROP, 'spoof-output'),
    ] },
    logChain('SPOOF_OUT_LOG', 'OUTPUT SPOOF '),
  ]
}

export function clientSpoofChains(): readonly Chain[] {
  return [{ name: 'RAW', table: 'raw', hook: 'prerouting', lines: ownLines() }]
}

export function gatewaySpoofChains(policy: Policy): readonly Chain[] {
  const { gateway } = policy
  const greens = greenInterfaces(gateway)
  const closedRed = gateway.red.filter((red) => !red.private).map((red) => red.interface)
  const reds = redInterfaces(gateway).filter((name) => closedRed.includes(name))
  const lines: Line[] = [
    ...ownLines(),
    ...greens.flatMap((name) => each(gateway.green.filter((green) => green.interface === name).map((green) => green.network), 'sources', RETURN, undefined, { in: [name] })),
    // a client that asks for its address has none yet (RFC 2131 4.1)
    line({ in: greens, sources: [UNSPECIFIED], destinations: [BROADCAST], l4: { protocol: 'udp', ports: [{ first: 67, last: 67 }], sourcePort: 68 } }, RETURN, undefined, [4]),
    ...each(LINK6, 'sources', RETURN, undefined, { in: greens }),
    line({ in: greens, limit: COMMON_LOG }, jump('SPOOF_LOG')),
    line({ in: greens }, DROP, 'spoof-green'),
    ...each(gateway.green.map((green) => green.network), 'sources', DROP, 'spoof-red'),
    ...(reds.length === 0 ? [] : each([LINK_LOCAL4], 'sources', DROP, 'spoof-red', { in: reds })),
  ]
  return [
    { name: 'RAW', table: 'raw', hook: 'prerouting', lines },
    { name: 'SPOOF_LOG', table: 'raw', lines: logLines('GREEN SPOOF ') },
  ]
}
