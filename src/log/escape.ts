// Text of strangers made safe for one line of a log, a terminal and a page's source, and no longer than a log's line may be. Danger prevented:
// log injection, that is line breaks that forge an entry, ESC and C1 sequences that rule a terminal, bidi marks that show another name
// than stands there; and one request that fills a disk.
import { visible } from '../policy/visible.ts'

/** Visible ASCII and space, and short enough: nearly all that is ever logged. */
function isPlain(text: string, first: number, most: number): boolean {
  if (text.length > most) return false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < first || code > 0x7e) return false
  }
  return true
}

/** Not within an escape (`\u{e0041}` is the longest), a pair of surrogates, or `%XX`. */
function cut(text: string, most: number, mark: string, escape: '\\' | '%'): string {
  if (text.length <= most) return text
  let end = most
  const from = text.lastIndexOf(escape, end - 1)
  const length = escape === '%' ? 3 : (/^\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|u\{[0-9a-f]+\})/.exec(text.slice(from, from + 9))?.[0].length ?? 0)
  if (from >= 0 && from + length > end) end = from
  if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--
  return text.slice(0, end) + mark
}

/** One line of harmless characters: what could do harm stands there as `\x1b` or `\u202e`; longer than `most` is cut and says so. */
export function escapeText(text: string, most = 1024): string {
  if (isPlain(text, 0x20, most)) return text
  return cut(visible(text.slice(0, most + 1)), most, '…', '\\')
}

const NOT_URI = /[^\x21-\x7e]/gu

/** A request target, bytes as latin1: what is no visible ASCII becomes %XX, as Squid writes it; so does a character that is no byte, as UTF-8. */
export function escapeUri(text: string, most = 4096): string {
  if (isPlain(text, 0x21, most)) return text
  const escaped = text.slice(0, most + 1).replace(NOT_URI, (char) => {
    const bytes = Buffer.from(char, char.charCodeAt(0) < 0x100 ? 'latin1' : 'utf8')
    return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
  return cut(escaped, most, '...', '%')
}

/** One field of a log whose fields are parted by spaces: never empty, without any space. */
export function escapeField(text: string | undefined, most = 256): string {
  if (text === undefined || text === '') return '-'
  return escapeUri(text, most)
}
