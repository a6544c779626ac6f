// What stands above each text: what it is, what loads it, and what takes it out again from the console, without Greengate or network,
// and what is then open. Danger prevented: an administrator locked out of his own gateway with half a comment for a recovery line.
import type { Policy } from '../policy/policy.ts'
import { NFT_TABLE } from './nft.ts'
import { greenInterfaces, redInterfaces } from './terms.ts'
import type { Ruleset } from './ruleset.ts'
import { ROUTE_RECOVERY, routeCommands } from './route.ts'
import { TC_RECOVERY } from './tc.ts'

export type Format = 'iptables' | 'ip6tables' | 'nft' | 'script' | 'tc'

export interface Origin {
  /** of the policy's text and files */
  readonly hash: string
  /** for which the rules hold, as text with its offset */
  readonly time: string
}

/** The jumps and chains of ours and nothing else: what others keep in these tables is put back as it was, counters included. */
export function recovery(tool: 'iptables' | 'ip6tables'): string {
  return `${tool}-save -c | grep -vE '(:| )GG_' | ${tool}-restore -c`
}

/** Both families in one line. */
export const SCRIPT_RECOVERY = `for t in iptables ip6tables; do $t-save -c | grep -vE '(:| )GG_' | $t-restore -c; done; ${TC_RECOVERY}; ${ROUTE_RECOVERY}`

export const NFT_RECOVERY = `nft delete table ${NFT_TABLE}`

/** One line of printable ASCII: a name of the author's never becomes a line of rules. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)
}

/** Nothing in a text for iptables-restore can ask whether a jump is there already. */
const AGAIN = 'into a kernel that has none of it yet: loaded once more it leaves each jump twice (the rules stay right); --format script changes what is there'

function loading(format: Format): readonly string[] {
  switch (format) {
    case 'iptables': return ['load (IPv4; print and load --format ip6tables too, first): iptables-restore --noflush < FILE', AGAIN]
    case 'ip6tables': return ['load (IPv6; print and load --format iptables too, then): ip6tables-restore --noflush < FILE', AGAIN]
    case 'nft': return ['load (IPv4 and IPv6, in one transaction): nft -f FILE']
    case 'script': return ['load (IPv6, then IPv4, then the queues of rules that limit; as root): sh FILE']
    case 'tc': return ['the queues of rules that limit, beside the rules of another format; load (as root): sh FILE']
  }
}

function takingOut(format: Format): string {
  switch (format) {
    case 'iptables': case 'ip6tables': return recovery(format)
    case 'nft': return NFT_RECOVERY
    case 'script': return SCRIPT_RECOVERY
    case 'tc': return TC_RECOVERY
  }
}

function open(policy: Policy, ruleset: Ruleset, format: Format): readonly string[] {
  if (format === 'tc') return ['then nothing is slowed down']
  const family = format === 'iptables' ? 'IPv4' : format === 'ip6tables' ? 'IPv6' : 'IPv4 and IPv6'
  if (ruleset.mode === 'client') return [`then open: everything over ${family}, into this machine and out of it`]
  const green = greenInterfaces(policy.gateway).join(', ')
  const red = redInterfaces(policy.gateway).join(', ')
  return [
    `then open: over ${family} everything that ${green} sends, to the gateway and (while forwarding is on) past it, nothing is masqueraded,`,
    `and the gateway's own ports${red === '' ? '' : ` to ${red}`}; to close the way past it: sysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0`,
  ]
}

export function headLines(policy: Policy, ruleset: Ruleset, format: Format, origin: Origin): readonly string[] {
  const mode = `${ruleset.mode}, ${ruleset.observe ? 'OBSERVE: logs what it would drop (GREEN WOULD DROP) and lets it pass; only spoofed packets and red are held' : 'enforce'}`
  const words = [
    `greengate firewall: policy ${plain(policy.name)}, sha256 ${origin.hash}, generation ${ruleset.generation}`,
    `mode: ${mode}`,
    `holds at: ${origin.time}`,
    ...ruleset.inactive.map((each) => `left out: rule ${each}`),
    ...loading(format),
    ...(format === 'script' || format === 'tc' ? [] : routeCommands(ruleset).map((each) => `what is caught needs, once: ${each}`)),
    'take out again, from the console:',
    `  ${takingOut(format)}`,
    ...open(policy, ruleset, format),
    ...(ruleset.mode === 'gateway' && !ruleset.observe && format !== 'tc' ? ['forwarding is yours to switch on, once this is loaded: sysctl -w net.ipv4.ip_forward=1 (net.ipv6.conf.all.forwarding=1)'] : []),
  ]
  return words.map((each) => `# ${each}`)
}
