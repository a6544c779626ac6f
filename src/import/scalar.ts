// Foreign text as one scalar, or as one comment, of a policy file. Danger prevented: a remark, an address or a file's name that ends its own
// quotes and adds a key: what comes from a file stays data.
import { visible } from '../policy/visible.ts'

/** Words that YAML, of any version, may read as something else than text. */
const NO_TEXT = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i
const WORD = /^[A-Za-z][A-Za-z0-9_-]*$/
const SERVICE = /^[a-z]+[a-z0-9+-]*\/[a-z0-9][a-z0-9_-]*$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2}|-\d{1,3}(?:\.\d{1,3}){3})?$/
const PATH = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_][A-Za-z0-9_./-]*$/
// what `visible` finds unsafe, and what ends a double-quoted scalar
const ESCAPED = /["\\\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff]|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu

function escape(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`
  const code = char.codePointAt(0) ?? 0
  if (/\p{Surrogate}/u.test(char)) return '\\ufffd'
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

/** Plain where nothing can be misread, else in double quotes with every doubtful character by its number. */
export function scalar(text: string): string {
  const plain = (WORD.test(text) && !NO_TEXT.test(text)) || SERVICE.test(text) || IPV4.test(text) || PATH.test(text)
  return plain ? text : `"${text.replace(ESCAPED, escape)}"`
}

/** One entry as it is, several as a list. */
export function words(entries: readonly string[]): string {
  return entries.length === 1 ? scalar(entries[0] ?? '') : `[${entries.map(scalar).join(', ')}]`
}

const WIDEST = 160

/** One line behind `# `; nothing of it can begin another. */
export function comment(text: string): string {
  const shown = visible(text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text)
  return `# ${shown}`.trimEnd()
}
