// What a rule does with its packet: the word behind `-j`. Danger prevented: a target that only marks taken for one that decides, or the other way round.
import type { Fault, Target } from './rule.ts'

const PASSES: ReadonlySet<string> = new Set(['LOG', 'NFLOG', 'ULOG', 'MARK', 'CONNMARK', 'CT', 'NOTRACK', 'TCPMSS', 'TOS', 'DSCP', 'CLASSIFY', 'SET', 'CHECKSUM', 'TRACE', 'AUDIT', 'TTL', 'HL', 'ECN', 'SECMARK', 'CONNSECMARK', 'TEE', 'IDLETIMER', 'RATEEST', 'LED', 'HMARK'])
const TRANSLATES: ReadonlySet<string> = new Set(['MASQUERADE', 'SNAT', 'DNAT', 'REDIRECT', 'NETMAP', 'TPROXY', 'SAME'])
const UNKNOWN: ReadonlySet<string> = new Set(['QUEUE', 'NFQUEUE', 'MIRROR', 'TARPIT', 'DELUDE', 'CHAOS', 'STEAL'])

export function readTarget(option: string, name: string, rest: readonly string[], faults: Fault[]): Target {
  const stuck = /^([A-Z]+)(--[a-z-]+)$/.exec(name)
  if (stuck !== null) {
    const words = [stuck[2] ?? '', ...rest]
    faults.push({ message: `\`${name}\` lacks a space: iptables takes it for the name of a chain`, hint: `write \`-j ${stuck[1] ?? ''} ${stuck[2] ?? ''}\`` })
    return readTarget(option, stuck[1] ?? '', words, faults)
  }
  const value = (key: string): string | undefined => (rest.includes(key) ? rest[rest.indexOf(key) + 1] : undefined)
  switch (name) {
    case 'ACCEPT': return { kind: 'accept' }
    case 'DROP': return { kind: 'drop' }
    case 'RETURN': return { kind: 'return' }
    case 'REJECT': return { kind: 'reject', with: value('--reject-with') }
    default:
      if (PASSES.has(name)) return { kind: 'passes', name }
      if (TRANSLATES.has(name)) return { kind: 'translate', name, to: value('--to-destination') ?? value('--to-source') ?? value('--to-ports') ?? value('--to') }
      if (UNKNOWN.has(name) || name.startsWith('$')) return { kind: 'unknown', name }
      return { kind: option === '-g' ? 'goto' : 'jump', chain: name }
  }
}
