// The columns SOURCE and DEST: zones, addresses in them, MACs, and what is left out of them. Danger prevented: an address taken out of its zone,
// or an exception that is dropped so that the rule speaks of more than it did.
import { EVERYTHING, networkSet, rangeText, subtract } from '../../net/network.ts'
import type { Range } from '../../net/network.ts'
import { parseMac } from '../../net/mac.ts'
import { looseRange } from '../range.ts'
import type { Zone, Zones } from './zones.ts'

export interface PlaceRead {
  /** what `from` or `to` says */
  readonly words: readonly string[]
  /** which sides it speaks of; both lists empty: nobody that a rule can name */
  readonly kinds: readonly Zone['kind'][]
  /** host bits that were masked away */
  readonly masked: readonly string[]
}

export type PlaceResult = { readonly ok: true; readonly place: PlaceRead } | { readonly ok: false; readonly message: string; readonly hint?: string }

const UNKNOWN_ZONE = 'write its network in Shorewall\'s file `hosts` and name that too: `dmz eth2:192.168.2.0/24`'

function lost(message: string, hint?: string): PlaceResult {
  return { ok: false, message, ...(hint === undefined ? {} : { hint }) }
}

export function readPlace(text: string, zones: Zones, side: 'source' | 'dest'): PlaceResult {
  const variable = /\$\{?\w+\}?/.exec(text)
  if (variable !== null) return lost(`nothing says what \`${variable[0]}\` stands for`, 'name the file `params` that sets it')
  if (text === '') return lost('the zone is missing')
  const all = /^a(?:ll|ny)([+-]*)(?:!([\w,]+))?(?::(.+))?$/.exec(text)
  if (all !== null) return everywhere(all[2]?.split(',') ?? [], all[3], zones, side)
  const words: string[] = []
  const kinds: Zone['kind'][] = []
  const masked: string[] = []
  for (const item of text.includes(':') ? [text] : text.split(',')) {
    const read = oneZone(item, zones, side)
    if (!read.ok) return read
    words.push(...read.place.words)
    kinds.push(...read.place.kinds)
    masked.push(...read.place.masked)
  }
  return { ok: true, place: { words: [...new Set(words)], kinds, masked } }
}

function everywhere(except: readonly string[], rest: string | undefined, zones: Zones, side: 'source' | 'dest'): PlaceResult {
  if (rest !== undefined) return lost('an address in every zone is not an address of the policy', 'write the zone that it is in')
  const out = except.map((name) => zones.get(name)?.kind)
  if (out.includes(undefined)) return lost(`\`${except.join(',')}\` names a zone that nothing describes`, UNKNOWN_ZONE)
  if (side === 'dest' && except.length === 0) return { ok: true, place: { words: ['any'], kinds: ['gateway', 'internet', 'lan'], masked: [] } }
  const words: string[] = []
  const kinds: Zone['kind'][] = []
  for (const [name, zone] of zones.lans) {
    if (except.includes(name)) continue
    words.push(zone.word)
    kinds.push('lan')
  }
  if (!out.includes('gateway')) {
    words.push('gateway')
    kinds.push('gateway')
  }
  if (!out.includes('internet')) {
    if (side === 'dest') words.push('internet')
    kinds.push('internet')
  }
  return { ok: true, place: { words, kinds, masked: [] } }
}

function oneZone(text: string, zones: Zones, side: 'source' | 'dest'): PlaceResult {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const zone = zones.get(name)
  if (zone === undefined) return lost(`nothing says who is in the zone \`${name}\``, UNKNOWN_ZONE)
  const word = zone.kind === 'lan' ? zone.word : zone.kind
  if (colon < 0) return { ok: true, place: { words: side === 'source' && zone.kind === 'internet' ? [] : [word], kinds: [zone.kind], masked: [] } }
  if (zone.kind === 'gateway' && side === 'source') return lost('what the gateway sends from one of its addresses is not told apart', 'write the rule for `fw` as a whole')
  return withAddresses(text.slice(colon + 1), zone, word, side)
}

function withAddresses(text: string, zone: Zone, word: string, side: 'source' | 'dest'): PlaceResult {
  // an interface before the addresses is the zone's own
  const card = /^([A-Za-z][\w.@-]*\+?)(?::(.+))?$/.exec(text)
  if (card !== null && parseMac(text) === undefined && looseRange(text) === undefined) {
    if (zone.kind !== 'lan' || card[1] !== zone.interface) return lost(looksLikeName(text) ? `\`${text}\` is a name: a packet carries none` : `\`${card[1]}\` is an interface, which no rule names`, looksLikeName(text) ? 'write the address that it has' : 'write the network behind it')
    if (card[2] === undefined) return { ok: true, place: { words: [word], kinds: [zone.kind], masked: [] } }
    return withAddresses(card[2], zone, word, side)
  }
  const bang = text.indexOf('!')
  const [taken, except] = bang < 0 ? [text, ''] : [text.slice(0, bang), text.slice(bang + 1)]
  const ranges: Range[] = []
  const macs: string[] = []
  const masked: string[] = []
  for (const item of taken.split(',').filter((each) => each !== '')) {
    const read = oneAddress(item, side)
    if (!read.ok) return read
    if (read.mac !== undefined) macs.push(read.mac)
    if (read.range !== undefined) ranges.push(read.range)
    if (read.masked) masked.push(`\`${item}\` is \`${rangeText(read.range ?? ranges[0] ?? EVERYTHING_RANGE)}\``)
  }
  if (except === '') return { ok: true, place: { words: [...ranges.map(rangeText), ...macs], kinds: [zone.kind], masked } }
  const out: Range[] = []
  for (const item of except.split(',')) {
    const read = oneAddress(item, side)
    if (!read.ok) return read
    if (read.range === undefined) return lost('a MAC cannot be left out', 'write a rule for it before this one')
    out.push(read.range)
  }
  const whole = taken !== '' ? ranges : zone.kind === 'lan' ? zone.networks : []
  if (macs.length > 0 || whole.length === 0) return lost(`\`!${except}\` leaves addresses out of ${zone.kind === 'internet' ? 'the whole internet' : 'what has no networks'}, which a rule cannot`, 'write a rule for them before this one')
  const left = subtract(networkSet(whole), networkSet(out)).ranges
  return left.length === 0 ? lost(`\`!${except}\` leaves nobody`) : { ok: true, place: { words: left.map(rangeText), kinds: [zone.kind], masked } }
}

const EVERYTHING_RANGE: Range = EVERYTHING.ranges[0] ?? { family: 4, first: 0n, last: 0n }

type AddressResult = { readonly ok: true; readonly range?: Range; readonly mac?: string; readonly masked: boolean } | { readonly ok: false; readonly message: string; readonly hint?: string }

function oneAddress(item: string, side: 'source' | 'dest'): AddressResult {
  if (item.startsWith('~')) {
    const mac = parseMac(item.slice(1))
    if (mac === undefined) return { ok: false, message: `\`${item}\` is no MAC` }
    if (side === 'dest') return { ok: false, message: 'a packet on its way out carries the MAC of the next router', hint: 'write the address' }
    return { ok: true, mac, masked: false }
  }
  if (/^\+/.test(item)) return { ok: false, message: `\`${item}\` is a set of the kernel's, whose members stand elsewhere`, hint: 'write its members under `addresses`' }
  if (/^[&%]/.test(item)) return { ok: false, message: `\`${item}\` is an address that Shorewall looks up when it starts`, hint: 'write the address, or `gateway`' }
  if (/^\^/.test(item)) return { ok: false, message: `\`${item}\` is a country, which no rule knows` }
  const read = looseRange(item.replace(/^[[<](.*)[\]>]$/, '$1').replace(/^\[(.*)\](\/\d+)$/, '$1$2'))
  if (read !== undefined) return { ok: true, ...read }
  if (looksLikeName(item)) return { ok: false, message: `\`${item}\` is a name: a packet carries none`, hint: 'write the address that it has' }
  return { ok: false, message: `\`${item}\` is no address` }
}

function looksLikeName(text: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/i.test(text)
}
