// Text of strangers made safe for one line of a log, a terminal and a page's source. Danger prevented: log injection, that is line
// breaks that forge an entry, ESC and C1 sequences that rule a terminal, and bidi marks that show another name than stands there.

// C0, DEL, C1; line and paragraph separator; zero-width and joiners; bidi marks, embeddings and isolates; BOM; interlinear and tag
// characters; lone surrogates, which are no text at all
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu

function shown(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** One line of harmless characters: what could do harm stands there as `\x1b` or `\u202e`; longer than `most` is cut and says so. */
export function escapeText(text: string, most = 1024): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut.replace(UNSAFE, shown)
}

const NOT_URI = /[^\x21-\x7e]/gu

/** A request target, bytes as latin1: what is no visible ASCII becomes %XX, as Squid writes it; so does a character that is no byte, as UTF-8. */
export function escapeUri(text: string, most = 8192): string {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text
  return cut.replace(NOT_URI, (char) => {
    const bytes = Buffer.from(char, char.charCodeAt(0) < 0x100 ? 'latin1' : 'utf8')
    return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}

/** One field of a log whose fields are parted by spaces: never empty, without any space. */
export function escapeField(text: string | undefined, most = 256): string {
  if (text === undefined || text === '') return '-'
  return escapeUri(text, most)
}
