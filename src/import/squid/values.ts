// Values of Squid's `acl` lines in the policy's words. Danger prevented: an entry that is passed over, so that a denial holds for less than it did: what cannot be said makes the whole
// list of that name unsayable.
import { checkExpression } from '../../lists/expressions.ts'
import { parseNetwork } from '../../net/network.ts'
import { parseIp } from '../../net/ip.ts'
import { parseMac } from '../../net/mac.ts'
import { parseHostPattern } from '../../net/pattern.ts'

/** Host bits, which Squid ignores, are taken off. */
export function networkWord(written: string): string | undefined {
  // a range may carry the mask of one address
  const text = written.replace(/^([^/]+-[^/]+)\/(?:32|255\.255\.255\.255|128)$/, '$1')
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
const DAY_MINUTES = 24 * 60
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** `MTWHF 9:00-17:00`; either may lack. `whole`: the last minute counts, as in Squid; in our windows it does not. */
export function timeWords(words: readonly string[], whole = false): readonly string[] | undefined {
  let days: readonly string[] = WEEK
  let hours = ''
  for (const word of words) {
    const time = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(word)
    if (time !== null) {
      const two = (value: number): string => String(value).padStart(2, '0')
      const [start, stop] = [Number(time[1]) * 60 + Number(time[2]), Number(time[3]) * 60 + Number(time[4])]
      if (Number(time[1]) > 23 || Number(time[2]) > 59 || Number(time[4]) > 59 || stop > DAY_MINUTES) return undefined
      // a range that Squid does not take decides nothing there
      if (whole && start > stop) return undefined
      const end = stop >= DAY_MINUTES - 1 ? DAY_MINUTES : stop + (whole ? 1 : 0)
      hours = ` ${two(Math.floor(start / 60))}:${two(start % 60)}-${two(Math.floor(end / 60))}:${two(end % 60)}`
    } else if (/^[SMTWHFAD]+$/.test(word)) days = WEEK.filter((day) => [...word].some((letter) => DAYS[letter]?.includes(day)))
    else return undefined
  }
  return days.map((day) => `${day}${hours}`)
}
