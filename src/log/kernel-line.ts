// The kernel's own log line of a packet: `GREEN DROP IN=green0 OUT= MAC=... SRC=... DST=... PROTO=TCP SPT=... DPT=800 ...`, as LOG and nft's
// `log level` write it. Danger prevented: fields of the packet inside an ICMP error, which the sender made up, taken for the packet's own.
import { parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import { chainOf } from './firewall-record.ts'
import type { FirewallRecord } from './firewall-record.ts'

const PROTOCOLS: Readonly<Record<string, FirewallRecord['protocol']>> = { TCP: 'tcp', UDP: 'udp', ICMP: 'icmp', ICMPv6: 'icmp', UDPLITE: 136, AH: 51, ESP: 50 }

/** `destination:source:type` of the Ethernet frame, or the source alone under a name of its own. */
function senderMac(fields: ReadonlyMap<string, string>): Mac | undefined {
  const alone = fields.get('MACSRC')
  if (alone !== undefined) return parseMac(alone)
  const octets = (fields.get('MAC') ?? '').split(':')
  return octets.length === 14 ? parseMac(octets.slice(6, 12).join(':')) : undefined
}

function number(text: string | undefined, most: number): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined
}

/** `message`: what the kernel said, without the time and whatever else a logger puts before it. */
export function parseKernelLine(message: string): Omit<FirewallRecord, 'time'> | undefined {
  const start = message.indexOf(' IN=')
  const tight = start < 0 ? message.indexOf('IN=') : start + 1
  if (tight <= 0) return undefined
  const chain = chainOf(message.slice(0, tight))
  if (chain === undefined) return undefined
  const fields = new Map<string, string>()
  // an ICMP error quotes the packet that it is about in brackets
  for (const word of message.slice(tight).split('[', 1)[0]?.split(' ') ?? []) {
    const equals = word.indexOf('=')
    const name = word.slice(0, equals)
    // LEN stands there twice: of the packet, then of its UDP
    if (equals > 0 && !fields.has(name)) fields.set(name, word.slice(equals + 1))
  }
  const source = parseIp(fields.get('SRC') ?? '')
  const target = parseIp(fields.get('DST') ?? '')
  const named = fields.get('PROTO') ?? ''
  const protocol = PROTOCOLS[named] ?? number(named, 255)
  if (source === undefined || target === undefined || protocol === undefined) return undefined
  const mac = senderMac(fields)
  const sourcePort = number(fields.get('SPT'), 65535)
  const port = protocol === 'icmp' ? number(fields.get('TYPE'), 255) : number(fields.get('DPT'), 65535)
  const length = number(fields.get('LEN'), 65535)
  const [entry, exit] = [fields.get('IN'), fields.get('OUT')]
  return {
    chain, source, target, protocol,
    ...(entry === undefined || entry === '' ? {} : { in: entry }), ...(exit === undefined || exit === '' ? {} : { out: exit }),
    ...(mac === undefined ? {} : { mac }), ...(sourcePort === undefined ? {} : { sourcePort }), ...(port === undefined ? {} : { port }), ...(length === undefined ? {} : { length }),
  }
}
