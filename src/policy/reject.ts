// How a refusal is answered: the words of the kernel's REJECT (icmp(7), RFC 792, RFC 1812 5.2.7.1), each with its twin of ICMPv6
// (RFC 4443 3.1), so that one word serves both families. Danger prevented: a word that one family's table refuses, and with it the whole
// file of rules; a reset that is promised to a protocol which has none.
import type { Report } from './report.ts'
import type { PacketRule, RejectWith, ServiceSet } from './policy.ts'
import type { RuleDraft } from './schema.ts'
import type { Path } from './source.ts'

/** By IPv4's word: the answer that IPv6 has for it. */
const TWINS: Readonly<Record<RejectWith, string>> = {
  'icmp-port-unreachable': 'icmp6-port-unreachable',
  'icmp-net-unreachable': 'icmp6-no-route',
  'icmp-host-unreachable': 'icmp6-addr-unreachable',
  // the kernel cannot send IPv6's own answer, a parameter problem
  'icmp-proto-unreachable': 'icmp6-port-unreachable',
  'icmp-net-prohibited': 'icmp6-adm-prohibited',
  'icmp-host-prohibited': 'icmp6-adm-prohibited',
  'icmp-admin-prohibited': 'icmp6-adm-prohibited',
  'tcp-reset': 'tcp-reset',
}

export const REJECT_WORDS = Object.keys(TWINS) as readonly RejectWith[]

/** What a packet of the family gets, in iptables' words; a reset is TCP's, and other protocols hear that the port is not there. */
export function answerOf(word: RejectWith, family: 4 | 6, tcp: boolean): string {
  const meant = word === 'tcp-reset' && !tcp ? 'icmp-port-unreachable' : word
  return family === 4 ? meant : TWINS[meant]
}

/** Spellings of other tools, of IPv6 and of articles. */
const OTHER_WORDS: Readonly<Record<string, RejectWith>> = {
  'icmp-network-unreachable': 'icmp-net-unreachable', 'icmp-protocol-unreachable': 'icmp-proto-unreachable', 'icmp-network-prohibited': 'icmp-net-prohibited',
  'icmp6-no-route': 'icmp-net-unreachable', 'no-route': 'icmp-net-unreachable', 'icmp6-adm-prohibited': 'icmp-admin-prohibited', 'adm-prohibited': 'icmp-admin-prohibited',
  'icmp6-addr-unreachable': 'icmp-host-unreachable', 'addr-unreach': 'icmp-host-unreachable', 'icmp6-port-unreachable': 'icmp-port-unreachable',
  'net-unreach': 'icmp-net-unreachable', 'host-unreach': 'icmp-host-unreachable', 'port-unreach': 'icmp-port-unreachable', 'proto-unreach': 'icmp-proto-unreachable',
  'net-prohib': 'icmp-net-prohibited', 'host-prohib': 'icmp-host-prohibited', 'admin-prohib': 'icmp-admin-prohibited', 'tcp-rst': 'tcp-reset', 'tcp reset': 'tcp-reset', reset: 'tcp-reset', rst: 'tcp-reset',
}

/** The word of the language that somebody's word stands for. */
export function meantReject(text: string): RejectWith | undefined {
  const plain = text.toLowerCase().replaceAll('_', '-')
  return OTHER_WORDS[plain] ?? OTHER_WORDS[`icmp-${plain}`] ?? REJECT_WORDS.find((word) => word === plain || word === `icmp-${plain}`)
}

/** `gateway.default.reject-with`: of a default that rejects. */
export function readDefaultReject(report: Report, word: RejectWith | undefined, action: 'drop' | 'reject'): RejectWith | undefined {
  if (word === undefined || action === 'reject') return word
  report.keyError('reject-with', ['gateway', 'default', 'reject-with'], '`reject-with` says how a packet is answered, and `gateway.default` drops: nobody is answered', 'write `action: reject`, or remove `reject-with`')
  return undefined
}

function holdsTcp(services: ServiceSet): boolean {
  return services.any || services.parts.some((part) => part.protocol === 'tcp' || part.protocol === 'proxy' || (part.protocol === 'ip' && part.number === 6))
}

export function readReject(report: Report, path: Path, draft: RuleDraft, services: ServiceSet, via: PacketRule['via'], fallback: 'drop' | 'reject'): RejectWith | undefined {
  const word = draft['reject-with']
  if (word === undefined) return undefined
  const wrong = (message: string, hint: string): undefined => void report.keyError('reject-with', [...path, 'reject-with'], message, hint) as undefined
  if (draft.action === 'deny' && fallback === 'drop') {
    return wrong('`deny` does as `gateway.default` says, and that drops: nobody is answered', 'write `action: reject`, or `gateway: { default: { action: reject } }`, or remove `reject-with`')
  }
  if (draft.action !== 'reject' && draft.action !== 'deny') return wrong(`\`reject-with\` says how a packet is answered, and \`${draft.action}\` answers none`, 'write `action: reject`, or remove `reject-with`')
  if (via === 'proxy') return wrong('`reject-with` is of packets, and `via: proxy` speaks of what the proxy fetches: there the refusal is a page', 'remove `reject-with`')
  if (word === 'tcp-reset' && services.parts.length > 0 && !holdsTcp(services)) return wrong('`tcp-reset` answers TCP, and this rule speaks of none', 'write `icmp-port-unreachable`, which is what the others get')
  return word
}
