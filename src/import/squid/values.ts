// Values of Squid's `acl` lines in the policy's words. Danger prevented: an entry that is passed over, so that a denial holds for less than it did: what cannot be said makes the whole
// list of that name unsayable.
import { checkExpression } from '../../lists/expressions.ts'
import { parseNetwork } from '../../net/network.ts'
import { parseIp } from '../../net/ip.ts'
import { parseMac } from '../../net/mac.ts'
import { parseHostPattern } from '../../net/pattern.ts'

/** Host bits, which Squid ignores, are taken off. */
export function networkWord(text: string): string | undefined {
  if (parseNetwork(text).ok) return text
  const match = /^(.*)\/(\d{1,3})$/.exec(text)
  const ip = parseIp(match?.[1] ?? '')
  const width = ip?.family === 4 ? 32 : 128
  const length = Number(match?.[2])
  if (ip === undefined || !(length <= width)) return undefined
  const rest = BigInt(width - length)
  const value = ip.value >> rest << rest
  const octets = width / 8
  const bytes = Array.from({ length: octets }, (_, at) => Number(value >> BigInt((octets - 1 - at) * 8) & 0xffn))
  const base = ip.family === 4 ? bytes.join('.') : Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0)).toString(16)).join(':')
  const word = `${base}/${length}`
  return parseNetwork(word).ok ? word : undefined
}

export function macWord(text: string): string | undefined {
  return parseMac(text) === undefined ? undefined : text
}

/** `.example.com` is that and all below in both; anything with a star, or a number, is none of Squid's names. */
export function domainWord(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '')
  if (!/^\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name) || /^[\d.]+$/.test(name)) return undefined
  return parseHostPattern(name).ok ? name : undefined
}

export function portWord(text: string): string | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  const first = Math.max(1, Number(match?.[1]))
  const last = Number(match?.[2] ?? match?.[1])
  return match !== null && first <= last && last <= 65535 ? (first === last ? String(first) : `${first}-${last}`) : undefined
}

export function expressionWord(text: string): string | undefined {
  return checkExpression(text) === undefined ? text : undefined
}

/** Of the path alone: behind the host, which no path begins before. */
export function pathExpression(text: string): string | undefined {
  const word = text.startsWith('^') ? `^http://[^/]+${text.slice(1)}` : text.startsWith('/') ? `^http://[^/]+(?:/.*)?${text}` : `^http://[^/]+/.*(?:${text})`
  return /[|]/.test(text.replace(/\([^)]*\)|\\\|/g, '')) ? undefined : expressionWord(word)
}

const DAYS: Readonly<Record<string, readonly string[]>> = { S: ['sun'], M: ['mon'], T: ['tue'], W: ['wed'], H: ['thu'], F: ['fri'], A: ['sat'], D: ['mon', 'tue', 'wed', 'thu', 'fri'] }
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** `MTWHF 9:00-17:00`; either may lack. Squid's last minute counts, ours does not. */
export function timeWords(words: readonly string[]): readonly string[] | undefined {
  let days: readonly string[] = WEEK
  let hours = ''
  for (const word of words) {
    const time = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(word)
    if (time !== null) {
      const two = (text: string | undefined): string => (text ?? '').padStart(2, '0')
      const end = Number(time[3]) * 60 + Number(time[4])
      if (Number(time[1]) > 23 || end > 24 * 60) return undefined
      hours = ` ${two(time[1])}:${two(time[2])}-${end >= 23 * 60 + 59 ? '24:00' : `${two(time[3])}:${two(time[4])}`}`
    } else if (/^[SMTWHFAD]+$/.test(word)) days = WEEK.filter((day) => [...word].some((letter) => DAYS[letter]?.includes(day)))
    else return undefined
  }
  return days.map((day) => `${day}${hours}`)
}
