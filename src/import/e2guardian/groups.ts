// Which client is of which filter group: the file of the IP plugin, and the rooms. Danger prevented: an address that stands in two groups, and is here judged by the one that came first in the
// file: e2guardian asks single addresses first, then networks, then ranges.
import { networkSet, parseNetwork, rangeText, subtract } from '../../net/network.ts'
import type { NetworkSet } from '../../net/network.ts'
import { linesOf } from '../source.ts'
import type { Findings, SourceLine } from '../finding.ts'
import { networkWord } from '../squid/values.ts'
import type { Option } from './options.ts'
import { lastValue, readOptions } from './options.ts'
import type { Shelf } from './shelf.ts'

interface Member {
  readonly group: number
  readonly set: NetworkSet
  /** who is asked first */
  readonly order: number
}

function memberOf(line: SourceLine): Member | undefined {
  const [, who = '', number = ''] = /^(\S+)\s*=\s*filter(\d+)\s*$/i.exec(line.text.replace(/\s#.*$/, '').trim()) ?? []
  const word = networkWord(who)
  const parsed = word === undefined ? undefined : parseNetwork(word)
  if (parsed?.ok !== true) return undefined
  return { group: Number(number), set: networkSet([parsed.range]), order: who.includes('/') ? 1 : who.includes('-') ? 2 : 0 }
}

/** Of each group its addresses, none in two; who is in none is of group 1. */
export function groupsByAddress(options: readonly Option[], count: number, shelf: Shelf, findings: Findings): ReadonlyMap<number, readonly string[]> {
  const members: Member[] = []
  for (const { line, value } of options.filter(({ key }) => key === 'authplugin')) {
    const plugin = shelf.open(value)
    const own = plugin?.text === undefined ? [] : readOptions({ name: plugin.name, text: plugin.text }, shelf, findings)
    const name = lastValue(own, 'plugname') ?? value.split('/').at(-1)?.replace(/\.conf$/, '') ?? ''
    const path = lastValue(own, 'ipgroups')
    if (name !== 'ip' || path === undefined) {
      findings.lost(line, name === 'ip' ? `\`${value}\` was not found, or names no \`ipgroups\`` : `\`${name}\`: groups of users, of ports or of passwords are nothing that the policy knows of a client`, 'name the clients of each group by address')
      continue
    }
    const file = shelf.open(path)
    if (file?.text === undefined) findings.lost(line, `\`${path}\` was not found`, 'name the folder in which it stands')
    else for (const each of linesOf({ name: file.name, text: file.text })) {
      if (each.text.trim() === '' || each.text.startsWith('#')) continue
      const member = memberOf(each)
      if (member === undefined || member.group < 1 || member.group > count) findings.lost(each, member === undefined ? '`address = filterN` is what a line says' : `there is no group ${member.group}: \`filtergroups\` is ${count}`)
      else members.push(member)
    }
  }
  let taken = networkSet([])
  const groups = new Map<number, NetworkSet>()
  for (const { group, set } of members.toSorted((a, b) => a.order - b.order)) {
    const own = subtract(set, taken)
    groups.set(group, networkSet([...(groups.get(group)?.ranges ?? []), ...own.ranges]))
    taken = networkSet([...taken.ranges, ...set.ranges])
  }
  return new Map([...groups].filter(([group, set]) => group !== 1 && !set.empty).map(([group, { ranges }]) => [group, ranges.map(rangeText)]))
}

export interface Room {
  readonly name: string
  readonly line: SourceLine
  readonly addresses: readonly string[]
  readonly sites: readonly string[]
  readonly urls: readonly string[]
  readonly blocked: boolean
}

/** `#name`, addresses; then `#SITELIST`, `#URLLIST`, `#BLOCK`. Without any of them the room is closed. */
export function readRoom(file: { readonly name: string; readonly text: string }, findings: Findings): Room | undefined {
  const [first, ...lines] = linesOf(file)
  if (first === undefined) return undefined
  let section = 'addresses'
  const found: Record<string, string[]> = { addresses: [], sitelist: [], urllist: [] }
  let block = false
  let extended = false
  for (const line of lines) {
    const text = line.text.trim()
    const mark = /^#(SITELIST|URLLIST|ENDLIST|BLOCK)\s*$/.exec(text)?.[1]?.toLowerCase()
    if (mark === 'block') block = true
    if (mark !== undefined && mark !== 'endlist') extended = true
    if (mark !== undefined) section = mark
    if (text === '' || text.startsWith('#')) continue
    const word = section === 'addresses' ? networkWord(text) : text.toLowerCase()
    if (word === undefined || found[section] === undefined) findings.lost(line, `\`${text}\` is no address, and stands in no list of the room`)
    else found[section]?.push(word)
  }
  const { addresses = [], sitelist = [], urllist = [] } = found
  return addresses.length === 0 ? undefined : { name: first.text.replace(/^#/, '').trim() || 'room', line: first, addresses, sites: sitelist, urls: urllist, blocked: block || !extended }
}
