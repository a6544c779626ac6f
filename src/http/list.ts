// Comma lists of tokens (RFC 9110 5.6.1), as in Connection and TE, and counts in decimal (RFC 9110 8.6). Danger prevented: a length that is
// read as another number by the next hop (a sign, a blank, a wrap-around), a member that is missed because of a blank beside it.
import { HTAB, SP } from './characters.ts'

/** The members of a list, lower case, SP and HTAB cut round each; empty members are passed over. */
export function listMembers(value: string): string[] {
  const members: string[] = []
  let from = 0
  while (from <= value.length) {
    const comma = value.indexOf(',', from)
    const end = comma < 0 ? value.length : comma
    let first = from
    let last = end
    while (first < last && isBlank(value.charCodeAt(first))) first++
    while (last > first && isBlank(value.charCodeAt(last - 1))) last--
    if (last > first) members.push(value.slice(first, last).toLowerCase())
    from = end + 1
  }
  return members
}

/** The members of another field of the same list added: no list is copied, however many fields there are. */
export function addMembers(members: string[] | undefined, value: string): string[] {
  if (members === undefined) return listMembers(value)
  for (const member of listMembers(value)) members.push(member)
  return members
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB
}

/** Digits only, at most 2^53 - 1; undefined for anything else. */
export function parseCount(text: string): number | undefined {
  let value = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return undefined
  }
  return text.length === 0 ? undefined : value
}
