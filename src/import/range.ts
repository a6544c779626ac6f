// Networks as iptables and Shorewall read them: host bits are masked away without a word, a netmask may stand for the length. Danger
// prevented: `10.1.2.3/24` refused, or taken for one address, where the original meant the network round it.
import { parseIp } from '../net/ip.ts'
import type { Range } from '../net/network.ts'
import { blockOf, parseNetwork } from '../net/network.ts'

export interface LooseRange {
  readonly range: Range
  /** host bits were set, and are not in the range's own text */
  readonly masked: boolean
}

export function looseRange(text: string): LooseRange | undefined {
  const parsed = parseNetwork(text)
  if (parsed.ok) return { range: parsed.range, masked: false }
  const [left = '', right, ...more] = text.split('/')
  const ip = parseIp(left)
  if (ip === undefined || right === undefined || more.length > 0) return undefined
  const everything = parseNetwork(`${ip.family === 4 ? '0.0.0.0' : '::'}/${right}`)
  if (!everything.ok || everything.range.family !== ip.family) return undefined
  const bits = ip.family === 4 ? 32 : 128
  const free = (everything.range.last - everything.range.first + 1n).toString(2).length - 1
  return { range: blockOf(ip, bits - free), masked: true }
}
