// Characters that do something other than show themselves, and how text is told without them. Danger prevented: text of strangers (an author's
// file, a client's request) that rules a terminal (ESC, C1), breaks a line of a log, or shows another name than stands there (bidi marks).

// C0, DEL, C1; soft hyphen and joiners that are not seen; line and paragraph separator; zero-width; bidi marks, embeddings and isolates;
// fillers; BOM; interlinear and tag characters; what is no character at all; lone surrogates
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff]|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu

function named(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** One line: what could do harm stands there by its number, as `\x1b` or `\u202e`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, named)
}

/** One line of the same width, for what stands above a caret; tabs stay. */
export function masked(text: string): string {
  return text.replace(UNSAFE, (char) => (char === '\t' ? char : '?'.repeat(char.length)))
}

/** Several lines for a person, breaks and tabs kept. */
export function visibleLines(text: string): string {
  return text.replace(UNSAFE, (char) => (char === '\n' || char === '\t' ? char : named(char)))
}

/** JSON text in which nothing stands raw that a terminal obeys; what it says stays the same. */
export function visibleJson(value: unknown, indent?: number): string {
  // every C0 in a string is escaped already, and the rest are the line breaks of the layout
  return JSON.stringify(value, undefined, indent).replace(UNSAFE, (char) => (char < ' ' ? char : Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')))
}
