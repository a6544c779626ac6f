// Names of hosts in one canonical form: lower case, A-labels, no final dot (RFC 1035 2.3.4, RFC 5890 2.3.2.1). Danger prevented: a
// name that the policy knows, spelled so that it compares as another (capitals, a final dot, ideographic dots, circled letters).
import { asciiHost } from './idna.ts'
import { looksNumeric } from './numeric.ts'

export type HostName = string & { readonly hostNameBrand: unique symbol }

const MOST_OCTETS = 253
const MOST_OCTETS_LABEL = 63

/** ASCII or Unicode text (not bytes). Undefined for what is no name: empty labels, other characters, numeric hosts. */
export function parseHostName(text: string): HostName | undefined {
  const ascii = asciiHost(text)
  return ascii === undefined || looksNumeric(ascii) ? undefined : hostNameFromAscii(ascii)
}

/** From what `asciiHost` gave, when it is known not to be numeric. */
export function hostNameFromAscii(ascii: string): HostName | undefined {
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii
  return hasProperLabels(name) ? (name as HostName) : undefined
}

function hasProperLabels(name: string): boolean {
  if (name.length === 0 || name.length > MOST_OCTETS) return false
  let start = 0
  for (let i = 0; i <= name.length; i++) {
    if (i < name.length && name.charCodeAt(i) !== 0x2e) continue
    if (i === start || i - start > MOST_OCTETS_LABEL) return false
    start = i + 1
  }
  return true
}
