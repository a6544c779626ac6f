// A host's site: its registrable domain by the public suffix list (the only file that knows tldts, whose list comes with it), so that a thousand names
// of one provider are one line of a report. Danger prevented: `co.uk` taken for a site, or two owners' sites taken for one.
import { getDomain, parse } from 'tldts'
import { parseIp } from '../net/ip.ts'

/** Hosts whose site is remembered; a school has some ten thousand a month. */
const MOST_KNOWN = 65_536
const known = new Map<string, string>()

/** `www.example.co.uk` → `example.co.uk`; an address, a name without a dot and a suffix itself stand for themselves. */
export function siteOf(host: string): string {
  const found = known.get(host)
  if (found !== undefined) return found
  if (known.size >= MOST_KNOWN) known.clear()
  const site = isNumber(host) ? host : (getDomain(host) ?? host)
  known.set(host, site)
  return site
}

/** `example.co.uk` → `.uk`; of an address: what it is. */
export function topOf(site: string): string {
  if (site === '') return '-'
  if (isNumber(site)) return '(address)'
  const dot = site.lastIndexOf('.')
  return dot < 0 ? '(no domain)' : site.slice(dot)
}

function isNumber(host: string): boolean {
  return /^[\d.]+$|[:[]/.test(host) && parseIp(host.replace(/^\[(.*)\]$/, '$1')) !== undefined
}

const SHARED = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const

/**
 * The domain that somebody registered, or rents below a shared suffix (the list's private part): `a.b.github.io` → `b.github.io`; undefined: the name is a
 * suffix itself, or has one label.
 */
export function ownDomain(name: string): string | undefined {
  return parse(name, SHARED).domain ?? undefined
}

/** Would `*.NAME` hold names of one owner only? */
export function isOneOwners(name: string): boolean {
  const domain = ownDomain(name)
  return domain !== undefined && (name === domain || name.endsWith(`.${domain}`))
}
