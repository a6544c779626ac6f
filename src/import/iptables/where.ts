// Addresses, interfaces and kinds of addresses as iptables asks for them. Danger prevented: a host's name, or an interface's, taken for an address:
// no kernel loads such a rule, and its author thinks that it guards.
import type { Family } from '../../net/ip.ts'
import type { Range } from '../../net/network.ts'
import { looseRange } from '../range.ts'
import { test, unsure } from './building.ts'
import type { Building } from './building.ts'
import type { Fault, Probe } from './rule.ts'

export function within(range: Range, source: boolean, not: boolean, made: Building): void {
  ;(source ? made.sources : made.destinations).push(range)
  made.tests.push(test(not, ({ from, to }) => {
    const ip = source ? from : to
    return ip.family === range.family && ip.value >= range.first && ip.value <= range.last
  }))
}

export function addresses(option: '-s' | '-d', text: string, negated: () => boolean, made: Building, family: Family): void {
  const ranges: Range[] = []
  for (const item of text.split(',')) {
    const read = looseRange(item)
    if (read !== undefined && read.range.family === family) ranges.push(read.range)
    else if (/^\$/.test(item)) return void made.tests.push(unsure(`\`${item}\`, which nothing sets`))
    else made.faults.push(hostFault(option, item, read !== undefined))
  }
  const not = negated()
  ;(option === '-s' ? made.sources : made.destinations).push(...ranges)
  made.tests.push(test(not, ({ from, to }) => {
    const { family: of, value } = option === '-s' ? from : to
    return ranges.some((range) => range.family === of && value >= range.first && value <= range.last)
  }))
}

function hostFault(option: string, item: string, other: boolean): Fault {
  if (other) return { message: `\`${item}\` is an address of the other family`, hint: 'give it to the other tool: iptables for IPv4, ip6tables for IPv6' }
  const what = option === '-d' ? 'destination' : 'source'
  if (item === 'lo') return { message: `\`${option} lo\` asks for a host called lo: \`lo\` is an interface, not an address, and iptables loads nothing where no such host is found`, hint: `write the ${what} \`${option} 127.0.0.0/8\`: the policy drops it off loopback in any case; or the interface: \`-i lo\`` }
  if (/^(?:eth|en|wl|ppp|tun|tap|br|bond|vlan)[\w.]*\d/.test(item)) return { message: `\`${option} ${item}\` asks for a host of that name: \`${item}\` is an interface, not an address`, hint: `write \`${option === '-d' ? '-o' : '-i'} ${item}\`, or the address` }
  return { message: `\`${item}\` is a name: iptables asks for it once, as it loads, and loads nothing where it finds none`, hint: 'write the address' }
}

export function card(option: '-i' | '-o', text: string, negated: () => boolean, made: Building): void {
  if (text === '' || text.startsWith('$')) return void made.tests.push(unsure(text === '' ? 'an interface without a name' : `\`${text}\`, which nothing sets`))
  if (text.startsWith('-')) return void made.faults.push({ message: `no interface stands behind \`${option}\`: its variable is empty`, hint: 'set the variable, without a space behind the `=`' })
  if (text.length > 15) made.faults.push({ message: `\`${text}\` is longer than an interface's name may be`, hint: 'at most 15 characters' })
  const not = negated()
  if (!not) (option === '-i' ? made.inCards : made.outCards).push(text)
  const wild = text.endsWith('+') ? text.slice(0, -1) : undefined
  made.tests.push(test(not, ({ inCard, outCard }) => {
    const has = option === '-i' ? inCard : outCard
    return has !== undefined && (wild === undefined ? has === text : has.startsWith(wild))
  }))
}

export function kinds(option: string, text: string, negated: () => boolean, made: Building): void {
  const wanted = text.toUpperCase().split(',')
  const not = negated()
  if (option === '--dst-type') made.everybody = true
  if (wanted.some((each) => !['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST'].includes(each))) return void made.tests.push(unsure(`\`${option} ${text}\``))
  made.tests.push(test(not, (probe) => wanted.includes(option === '--src-type' ? (probe.way === 'out' ? 'LOCAL' : 'UNICAST') : kindOf(probe))))
}

function kindOf({ way, to }: Probe): string {
  if (to.family === 4 && (to.value === 0xffffffffn || to.value >> 28n === 0xen)) return to.value === 0xffffffffn ? 'BROADCAST' : 'MULTICAST'
  if (to.family === 6 && to.value >> 120n === 0xffn) return 'MULTICAST'
  return way === 'in' ? 'LOCAL' : 'UNICAST'
}
