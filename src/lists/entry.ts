// What one line of a list means: a name, an address, a host and path, in the spelling in which targets are compared. Danger prevented:
// an entry that is on the list and never matches, because list and request spell it differently.
import { parseHost, hostText } from '../net/target.ts'
import type { Host } from '../net/target.ts'

/** Names for the machine itself that hosts files begin with; they are no entries of a blocklist, and no mistakes either. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'localhost', 'localhost.localdomain', 'local', 'broadcasthost', 'ip6-localhost', 'ip6-loopback', 'ip6-localnet',
  'ip6-mcastprefix', 'ip6-allnodes', 'ip6-allrouters', 'ip6-allhosts', '0.0.0.0',
])

/** Where a hosts file sends what it blocks. */
const SINKS: ReadonlySet<string> = new Set(['127.0.0.1', '0.0.0.0', '::1', '::', '0', '127.0.1.1'])

/** What a table holds for a host: the name, or the address's canonical text. */
export function hostKey(host: Host): string {
  return host.kind === 'name' ? host.name : host.address.text
}

/** A line of `domains`: a name or an address. A dot or `*.` before the name says what is meant anyway. Undefined: a bad line. */
export function domainEntry(line: string): string | undefined {
  const bare = line.startsWith('*.') ? line.slice(2) : line.startsWith('.') ? line.slice(1) : line
  const host = parseHost(bare)
  return host.ok ? hostKey(host.value) : undefined
}

/** A line of `hosts`: an address, then names. Undefined: a bad line. */
export function hostsEntries(line: string): readonly string[] | undefined {
  const [address = '', ...names] = withoutComment(line).split(/[ \t]+/)
  const foreign = names.filter((name) => !OWN_NAMES.has(name.toLowerCase()))
  if (names.length === 0) return undefined
  if (foreign.length === 0) return []
  if (!SINKS.has(address)) return undefined
  const keys: string[] = []
  for (const name of foreign) {
    const host = parseHost(name)
    if (!host.ok) return undefined
    keys.push(hostKey(host.value))
  }
  return keys
}

/** A line of `urls`: host and path, as squidGuard has them; scheme and port say nothing here and are passed over. */
export function urlEntry(line: string): { readonly host: string; readonly path: string } | undefined {
  const bare = line.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const end = bare.search(/[/?#]/)
  const authority = (end < 0 ? bare : bare.slice(0, end)).replace(/^[^@]*@/, '').replace(/:\d{1,5}$/, '')
  const host = parseHost(authority)
  if (!host.ok) return undefined
  const rest = end < 0 ? '' : bare.slice(end)
  const path = rest.startsWith('/') ? rest : rest.startsWith('?') ? `/${rest}` : '/'
  return /[\s\x00-\x1f\x7f]/.test(path) ? undefined : { host: hostText(host.value), path: lowerAscii(path) }
}

/** Lists are gathered in lower case (squidGuard compares so); octets over 0x7f stay. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
}

export function withoutComment(line: string): string {
  const hash = line.indexOf('#')
  return hash < 0 ? line : line.slice(0, hash).trimEnd()
}
