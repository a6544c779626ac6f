// The green side: an interface, the gateway's own address in it, and the network that the prefix length makes of both. Danger
// prevented: a green without its network, and a gateway that is thought to have the address of the network itself.
import { ipFromValue, parseIp } from '../net/ip.ts'
import { blockOf, parseNetwork, rangeText, type Range } from '../net/network.ts'
import { scopeOf } from '../net/scope.ts'
import { entries } from './address.ts'
import { readInterface } from './interface.ts'
import type { GreenNetwork } from './policy.ts'
import { readLineRate } from './rate.ts'
import type { Report } from './report.ts'
import type { Draft } from './schema.ts'
import type { Path } from './source.ts'

type Own = Omit<GreenNetwork, 'interface'>

/** The prefix length of `24` or `255.255.255.0`; the netmask is judged by the one who judges networks. */
function prefixOf(text: string, family: 4 | 6): number | undefined {
  const bits = family === 4 ? 32 : 128
  if (/^\d{1,3}$/.test(text)) return Number(text) <= bits ? Number(text) : undefined
  const everything = parseNetwork(`${family === 4 ? '0.0.0.0' : '::'}/${text}`)
  if (!everything.ok) return undefined
  const size = everything.range.last - everything.range.first + 1n
  return bits - (size.toString(2).length - 1)
}

function readOwn(report: Report, text: string, at: Path): Own | undefined {
  const wrong = (problem: string, hint?: string): undefined => report.error('green-address', at, problem, hint) as undefined
  const [left = '', right, ...more] = text.split('/')
  const ip = parseIp(left.trim())
  if (ip === undefined || more.length > 0) return wrong(`\`${text}\` is no address of the gateway`, 'write the address with its prefix length: 192.168.51.254/24')
  if (right === undefined) return wrong(`\`${text}\` has no prefix length, so the green network is not known`, `write \`${text}/${ip.family === 4 ? 24 : 64}\` if that is the network's size`)
  const prefix = prefixOf(right.trim(), ip.family)
  const bits = ip.family === 4 ? 32 : 128
  if (prefix === undefined || prefix === 0) return wrong(`\`/${right}\` is no prefix length of a green network`, `a number from 1 to ${bits}, or a netmask`)
  if (ip.family === 6 && ip.value >> 32n === 0xffffn) return wrong(`\`${text}\` is IPv4 written as IPv6, and no network card has such an address`, `write \`${ipFromValue(4, ip.value & 0xffffffffn).text}\` and its prefix length`)
  const scope = scopeOf(ip)
  if (scope === 'loopback' || scope === 'multicast' || ip.value === 0n) return wrong(`\`${ip.text}\` is no address that a network card can have`, scope === 'loopback' ? 'loopback is always served; it needs no green' : 'write the address that the card has: `ip address` shows it')
  const network = blockOf(ip, prefix)
  if (prefix < bits - 1) {
    const usable = ipFromValue(ip.family, network.first + 1n).text
    if (network.first === ip.value) return wrong(`\`${text}\` is the network's own address, not the gateway's`, `write the gateway's address in it, such as \`${usable}/${prefix}\``)
    if (ip.family === 4 && network.last === ip.value) return wrong(`\`${text}\` is the network's broadcast address, not the gateway's`, `write the gateway's address in it, such as \`${usable}/${prefix}\``)
  }
  return { family: ip.family, address: ip.value, prefix, network }
}

function overlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

export function readGreen(report: Report, draft: NonNullable<Draft['gateway']>['green']): GreenNetwork[] {
  const networks: GreenNetwork[] = []
  const many = Array.isArray(draft)
  if (many && draft.length === 0) report.error('green-address', ['gateway', 'green'], '`green` is an empty list, so every interface would be taken for green', 'name the interface and its address, or remove the key')
  for (const [index, green] of (many ? draft : [draft]).entries()) {
    if (green === undefined || green === null) continue
    const path: Path = many ? ['gateway', 'green', index] : ['gateway', 'green']
    const name = readInterface(report, path)
    const rate = readLineRate(report, path, green)
    const written = entries(report, green.address, [...path, 'address'])
    // without any address there would be no green at all, and the proxy would take every interface for it
    if (written.length === 0 && !(Array.isArray(green.address) && green.address.includes(null))) report.error('green-address', [...path, 'address'], '`address` is an empty list, so the green network is not known', "write the gateway's address with its prefix length: 192.168.51.254/24")
    for (const { text, at } of written) {
      const own = readOwn(report, text, at)
      if (own === undefined) continue
      const other = networks.find((known) => overlap(known.network, own.network))
      if (other !== undefined && (other.interface !== name || other.address === own.address)) {
        report.error('green-address', at, `the network of \`${text}\` overlaps \`${rangeText(other.network)}\` of \`${other.interface}\``, 'two green networks share no address')
        continue
      }
      networks.push({ interface: name, ...own, ...(rate === undefined ? {} : { rate }) })
    }
  }
  return networks
}
