// Who and where: the entries of `addresses`, `from` and `to`, from known words, names, networks, MACs and host patterns to one
// set. Danger prevented: a name where only an address can be seen (a packet carries no host), or a MAC where only a router's is.
import { isNobodysMac, parseMac } from '../net/mac.ts'
import { networkSet, parseNetwork, rangeText } from '../net/network.ts'
import { parseHostPattern } from '../net/pattern.ts'
import { defineNames, NAME, type Names } from './names.ts'
import { nearest } from './nearest.ts'
import type { AddressSet } from './policy.ts'
import type { Report } from './report.ts'
import type { Words } from './schema.ts'
import type { Path } from './source.ts'

/** What may stand at a place: host patterns only in `web`, MACs only where the client's own is seen. */
export interface Allowed {
  readonly hosts: boolean
  readonly macs: boolean
}

export interface Addresses {
  readonly names: Names<AddressSet>
  /** the set of what stands at `path`; undefined when any of it was told to be wrong */
  set(words: Words, path: Path, allowed: Allowed): AddressSet | undefined
}

export const NO_ADDRESSES: AddressSet = { any: false, green: false, internet: false, gateway: false, ranges: [], macs: [], pins: [], hosts: [], text: [] }
export const ANY_ADDRESS: AddressSet = { ...NO_ADDRESSES, any: true, text: ['any'] }
/** ::ffff:0:0/96, RFC 4291 2.5.5.2 */
const MAPPED = 0xffffn
const LOW = 0xffffffffn
const KNOWN: ReadonlySet<string> = new Set(['any', 'green', 'internet', 'gateway'])
/** `proxy` is a service and `numeric` a host; neither may come to mean an address */
export const RESERVED_ADDRESSES: ReadonlySet<string> = new Set([...KNOWN, 'proxy', 'numeric'])

/** The entries of one place, each with its own path; holes are skipped. */
export function entries(report: Report, words: Words, path: Path): { text: string; at: Path }[] {
  if (!Array.isArray(words)) return [{ text: report.source.text(path).trim(), at: path }]
  return words.flatMap((word, index) => (word === null ? [] : [{ text: report.source.text([...path, index]).trim(), at: [...path, index] }]))
}

/** Several words where one entry stands: as the list that is meant. */
export function severalHint(text: string): string | undefined {
  if (text.startsWith('!') || /\s-|-\s|\s\/|\/\s/.test(text)) return undefined
  const words = text.split(/[,;\s]+/).filter((word) => word !== '')
  return words.length > 1 ? `write a list: [${words.join(', ')}]` : undefined
}

export function unite(sets: readonly AddressSet[], text: readonly string[]): AddressSet {
  const hosts = new Map(sets.flatMap((set) => set.hosts.map((host) => [host.text, host])))
  const some = (which: 'any' | 'green' | 'internet' | 'gateway'): boolean => sets.some((set) => set[which])
  return {
    any: some('any'), green: some('green'), internet: some('internet'), gateway: some('gateway'),
    ranges: networkSet(sets.flatMap((set) => set.ranges)).ranges,
    macs: [...new Set(sets.flatMap((set) => set.macs))], pins: [], hosts: [...hosts.values()], text,
  }
}

function addressProblem(text: string): { problem: string; hint?: string } {
  if (/^(?:[0-9a-z]{1,2}[:-]){3,}[0-9a-z]{0,2}$/i.test(text)) return { problem: `\`${text}\` is no MAC address`, hint: 'six groups of two hexadecimal digits: "00:1a:2b:3c:4d:5e"' }
  const ported = /^(\d+\.\d+\.\d+\.\d+|\[[^\]]*\]):(\d+)$/.exec(text)
  if (ported !== null) return { problem: `\`${text}\` has a port, which an address has not`, hint: `write \`${ported[1]}\` here, and \`services: tcp/${ported[2]}\` (in a web rule \`ports: ${ported[2]}\`)` }
  const parsed = parseNetwork(text)
  if (parsed.ok) return { problem: `\`${text}\` is no address` }
  const hint = parsed.hint ?? 'write 192.168.51.35, 192.168.51.0/27, 192.168.51.1-192.168.51.9, or "2001:db8::/32"'
  return { problem: parsed.problem, hint }
}

/** Digits, or hexadecimal digits with colons: never a name of ours, never a host. */
function looksLikeAddress(text: string): boolean {
  return (/^[\d.\s/-]+$/.test(text) && /\d/.test(text)) || (/^[0-9a-f:.[\]/\s-]+(?:%\w*)?$/i.test(text) && text.includes(':')) || /^(?:[0-9a-f]{1,2}[:-]){4,}[0-9a-z]{1,2}$/i.test(text)
}

export function newAddresses(report: Report, sections: Readonly<Record<string, Words>>, defined: { readonly green: boolean; readonly internet: boolean }): Addresses {
  const one = (text: string, at: Path, names: Names<AddressSet>): AddressSet | undefined => {
    const wrong = (code: string, problem: string, hint?: string): undefined => report.error(code, at, problem, hint) as undefined
    if (text === '') return wrong('address', 'an empty text is no address', 'remove it')
    if (KNOWN.has(text)) {
      if (text === 'green' && !defined.green) return wrong('undefined-green', '`green` means nothing here: `gateway.green` is not given', 'give `gateway.green`, or write the network itself')
      if (text === 'internet' && !defined.internet) return wrong('undefined-internet', '`internet` means nothing here: neither `gateway.red` nor `gateway.green` is given', 'write `any`, or the networks themselves')
      return { ...NO_ADDRESSES, [text]: true }
    }
    if (names.has(text)) return names.use(text, at)
    if (text === 'proxy') return wrong('address', '`proxy` is a service, not an address', 'the proxy is reached by `to: gateway` and `services: proxy`')
    if (text === 'numeric') return wrong('address', '`numeric` stands in `host` alone', 'write `host: numeric`')
    const mac = parseMac(text)
    if (mac !== undefined && isNobodysMac(mac)) return wrong('mac', `\`${text}\` is no card's own address: nothing is ever sent from it`, 'write the MAC of the client\'s card')
    if (mac !== undefined) return { ...NO_ADDRESSES, macs: [mac] }
    const network = parseNetwork(text)
    if (network.ok) return { ...NO_ADDRESSES, ranges: [network.range] }
    const several = severalHint(text)
    if (several !== undefined && !/[{}]/.test(text)) return wrong('address', `\`${text}\` is more than one entry`, several)
    if (looksLikeAddress(text)) {
      const { problem, hint } = addressProblem(text)
      return wrong('address', problem, hint)
    }
    if (NAME.test(text) || text.startsWith('!')) {
      const meant = names.near(text) ?? nearest(text, KNOWN)
      const hint = text.startsWith('!') ? 'nothing is negated here: write a rule of its own before this one' : meant === undefined ? `define it under \`addresses\`` : `did you mean \`${meant}\`?`
      return wrong('undefined-name', `nothing defines the name \`${text}\``, hint)
    }
    const pattern = parseHostPattern(text)
    if (!pattern.ok) return wrong('pattern', pattern.problem, pattern.hint)
    if (pattern.warning !== undefined) report.warning('broad-pattern', at, pattern.warning, pattern.hint)
    return { ...NO_ADDRESSES, hosts: [pattern.pattern] }
  }

  const check = (set: AddressSet, text: string, at: Path, allowed: Allowed): boolean => {
    const key = at.findLast((step) => typeof step === 'string')
    const literal = !names.has(text)
    if (!allowed.hosts && set.hosts.length > 0) {
      report.error('host-in-packets', at, literal ? `\`${text}\` is a host pattern, and \`${String(key)}\` here knows addresses alone` : `\`${text}\` holds the host pattern \`${set.hosts[0]?.text ?? ''}\`, and \`${String(key)}\` here knows addresses alone`,
        key === 'resolves-to' ? 'write the networks that the name may lead to: 10.1.2.0/24' : key === 'to' ? 'packets carry no names: host patterns are for `web.rules`; or write the addresses' : 'a client is an address, a network or a MAC')
      return false
    }
    // on a wire, and for the proxy's own clients, such an address is IPv4: as written it would match nobody
    const mapped = key === 'resolves-to' || allowed.hosts ? undefined : set.ranges.find((range) => range.family === 6 && range.first >> 32n === MAPPED && range.last >> 32n === MAPPED)
    if (mapped !== undefined) {
      const plain = rangeText({ family: 4, first: mapped.first & LOW, last: mapped.last & LOW })
      report.error('address', at, `\`${text}\` ${literal ? 'is' : 'holds'} IPv4 written as IPv6, and no packet carries it so`, `write \`${plain}\``)
      return false
    }
    if (!allowed.macs && set.macs.length > 0) {
      report.error('mac-in-to', at, literal ? `\`${text}\` is a MAC, which \`${String(key)}\` cannot see` : `\`${text}\` holds the MAC \`${set.macs[0] ?? ''}\`, which \`${String(key)}\` cannot see`,
        'a packet on its way out carries the MAC of the next router; write the address')
      return false
    }
    return true
  }

  const names = defineNames<AddressSet>(report, {
    section: 'addresses', kind: 'address', entries: Object.keys(sections), reserved: RESERVED_ADDRESSES,
    resolve: (name, known) => {
      const found = entries(report, sections[name] ?? [], ['addresses', name])
      const sets = found.map(({ text, at }) => one(text, at, known))
      return unite(sets.filter((set) => set !== undefined), found.map(({ text }) => text))
    },
  })
  return {
    names,
    set(words, path, allowed) {
      const found = entries(report, words, path)
      const sets = found.map(({ text, at }) => {
        const set = one(text, at, names)
        return set !== undefined && check(set, text, at, allowed) ? set : undefined
      })
      return sets.includes(undefined) ? undefined : unite(sets.filter((set) => set !== undefined), found.map(({ text }) => text))
    },
  }
}
