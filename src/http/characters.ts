// The character classes of HTTP as tables of 256 flags (RFC 9110 5.6.2, RFC 9112 2-5). Tables and not expressions: one look-up an octet, the
// same answer for every octet value. Danger prevented: a name, size or target that two parsers split at different octets.

function table(member: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (member(code) ? 1 : 0))
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isAlpha = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
const PUNCTUATION = "!#$%&'*+-.^_`|~"

/** tchar: what a method and a field name are made of (RFC 9110 5.6.2) */
export const TOKEN = table((code) => isDigit(code) || isAlpha(code) || PUNCTUATION.includes(String.fromCharCode(code)))

/** what may stand in a request target: visible ASCII, as in every URI (RFC 3986 2); a name or path in another script comes percent-encoded */
export const TARGET = table((code) => code > 32 && code < 127)

/** VCHAR, SP, HTAB and obs-text: a field value, a reason phrase (RFC 9110 5.5) */
export const VALUE = table((code) => code === 9 || (code >= 32 && code !== 127))

/** the value of a hexadecimal digit, 255 for any other octet */
export const HEX = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return value < 0 || code > 127 ? 255 : value
})

export const HTAB = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const COLON = 58

/** Every octet of `text` is of the class, and there is at least one. */
export function isAll(text: string, classOf: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) if (classOf[text.charCodeAt(at)] !== 1) return false
  return text.length > 0
}
