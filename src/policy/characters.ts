// What no text file holds: octets that are not UTF-8, control characters, lines that end in CR alone. Danger prevented: a name that is read
// as another than its author wrote, and a comment that goes on over rules which seem to stand below it.

/** C0 and DEL, which YAML 1.2 (5.1) leaves out, and what stands where the octets were no UTF-8. */
const STRANGE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]|\r(?!\n)/

/** The first such character, and what is told of it; what follows it would be told wrong. */
export function strangeCharacter(text: string): { readonly start: number; readonly message: string; readonly hint: string } | undefined {
  const start = text.search(STRANGE)
  if (start < 0) return undefined
  const char = text.charAt(start)
  // every second octet of a file in UTF-16 is a NUL
  const wide = char === '\0' && text.charAt(start + 2) === '\0'
  if (char === '\ufffd' || wide) return { start, message: 'the file is not UTF-8 from here on', hint: 'save it as UTF-8' }
  if (char === '\r') return { start, message: 'a line ends in CR alone, which not every reader takes for its end', hint: 'end the lines in LF, or in CR and LF' }
  const named = `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  return { start, message: `a control character stands here: \`${named}\``, hint: `remove it; where it is meant write it by its number, in double quotes: "${named}"` }
}
