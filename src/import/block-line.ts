// One line of the article's files, read as its script hands it to iptables: what stands before the colon is a source, which may be a network;
// what stands behind is a port, by number or by name. Danger prevented: half a line taken for a whole one.
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { service } from '../policy/services.ts'
import { looseRange } from './range.ts'

export interface BlockLine {
  readonly addresses: readonly Ip[]
  readonly port?: number
}

export interface BadLine {
  readonly problem: string
  readonly hint?: string
}

/** A /16, an address a line: more is no list of clients, and a rule says it better. */
const MOST_ADDRESSES = 65_536n

export function readBlockLine(content: string): BlockLine | BadLine {
  if (/^(?:\S*\/)?ip6?tables\b|^\$\{?\w+\}?\s+-|^(?:while|for|do|done|grep|#!)\b/.test(content)) return { problem: 'this is a line of a script, not an entry', hint: 'name the file of addresses that the script reads; rules are read by `greengate import iptables`' }
  const { host, port } = parts(content)
  const addresses = addressesOf(host)
  if ('problem' in addresses) return addresses
  if (port === undefined) return { addresses }
  const number = portOf(port)
  return typeof number === 'number' ? { addresses, port: number } : number
}

function parts(content: string): { readonly host: string; readonly port?: string } {
  const bracketed = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/.exec(content)
  if (bracketed !== null) return { host: `${bracketed[1] ?? ''}${bracketed[2] ?? ''}`, ...(bracketed[3] === undefined ? {} : { port: bracketed[3] }) }
  const first = content.indexOf(':')
  // more than one colon and no brackets: IPv6 without a port
  if (first < 0 || (content.includes(':', first + 1) && parseIp(content.replace(/\/\d+$/, '')) !== undefined)) return { host: content }
  return { host: content.slice(0, first).trim(), port: content.slice(first + 1) }
}

function addressesOf(host: string): readonly Ip[] | BadLine {
  if (host === '') return { problem: 'no address stands before the colon' }
  if (/[\s,;]/.test(host)) return { problem: `\`${host}\` is more than one word`, hint: 'write one address a line, with its port behind a colon: `192.168.51.9:1863`' }
  const one = parseIp(host)
  if (one !== undefined) return [one]
  const range = looseRange(host)?.range
  if (range === undefined) return host.includes('/') || /^[\d.]+$/.test(host) ? { problem: `\`${host}\` is not an address` } : { problem: `\`${host}\` is a name; a block names addresses`, hint: 'iptables asks for the name once, when it loads: write the address that it had' }
  const size = range.last - range.first + 1n
  if (size > MOST_ADDRESSES) return { problem: `\`${host}\` is too large to be written address by address`, hint: `write a rule: \`{ action: drop, from: "${host}", services: ... }\`, before all others` }
  return Array.from({ length: Number(size) }, (_, at) => ipFromValue(range.family, range.first + BigInt(at)))
}

function portOf(text: string): number | BadLine {
  const port = text.trim()
  if (port === '') return { problem: 'no port stands behind the colon', hint: 'leave the colon away where every port is meant' }
  if (/^\d{1,5}$/.test(port)) return Number(port) >= 1 && Number(port) <= 65_535 ? Number(port) : { problem: `\`${port}\` is not a port from 1 to 65535` }
  const named = service(port)?.find((part) => part.protocol === 'tcp')
  if (named !== undefined && 'first' in named && named.first === named.last) return named.first
  if (/^\d+[-:]\d+$/.test(port)) return { problem: `\`${port}\` is a range of ports; a block has one`, hint: 'write a line a port, or name the range as a service: `--services tcp/5900-5910` for lines without a port' }
  return { problem: `\`${port}\` is not a port` }
}
