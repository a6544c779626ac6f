// Host text as ASCII: lower case, and other scripts by IDNA (UTS 46, as browsers do it). Danger prevented: circled letters, full-width
// digits and ideographic dots that mean ASCII to the program on the other side, and something else to the policy.
import { domainToASCII, domainToUnicode } from 'node:url'

/** Lower case, IDNA applied, dots of other scripts mapped; a final dot stays. Undefined where a character belongs in no host. */
export function asciiHost(text: string): string | undefined {
  let plain = true
  let upper = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isLabelOctet(code) || code === 0x2e) continue
    if (code >= 0x41 && code <= 0x5a) upper = true
    else if (code >= 0x80) plain = false
    else return undefined
  }
  if (plain) return upper ? text.toLowerCase() : text
  return idna(text)
}

/** A label of more characters than its 63 octets can spell (two units each at most): the work of spelling it grows with its square. */
const TOO_LONG = /[^.\u3002\uff0e\uff61]{127}/

/** `domainToASCII` reads numbers as a browser does; a label behind them keeps it from that, for our own stricter reading. */
function idna(text: string): string | undefined {
  if (TOO_LONG.test(text)) return undefined
  const last = text.charCodeAt(text.length - 1)
  const dotted = last === 0x2e || last === 0x3002 || last === 0xff0e || last === 0xff61
  const mapped = domainToASCII(`${text}${dotted ? 'x' : '.x'}`)
  if (!mapped.endsWith('.x')) return undefined
  const ascii = mapped.slice(0, -2)
  for (let i = 0; i < ascii.length; i++) {
    const code = ascii.charCodeAt(i)
    if (!isLabelOctet(code) && code !== 0x2e) return undefined
  }
  if (!isSettled(mapped, domainToUnicode(mapped))) return undefined
  return dotted ? `${ascii}.` : ascii
}

/**
 * What `domainToASCII` lets pass and browsers refuse, since its tables are older than theirs: a label that is not written as its own
 * letters would be (RFC 3492 6.2), not in normal form, a mark or a joiner that stands on nothing (UTS 46 4.1), letters in both directions.
 */
function isSettled(ascii: string, unicode: string): boolean {
  if (unicode === ascii) return true
  return domainToASCII(unicode) === ascii && unicode.normalize('NFC') === unicode && !MISPLACED.test(unicode) && !mixesDirections(unicode)
}

/** RFC 5892 A.1, A.2: a joiner stands behind a mark; the one that parts stands between letters that join, too */
const MISPLACED = /(?:^|\.)\p{M}|(?<!\p{M})\u200d|(?<![\p{M}\p{sc=Arab}\p{sc=Syrc}\p{sc=Mong}\p{sc=Nkoo}\p{sc=Adlm}])\u200c|(?<!\p{M})\u200c(?![\p{M}\p{sc=Arab}\p{sc=Syrc}\p{sc=Mong}\p{sc=Nkoo}\p{sc=Adlm}])/u
const RIGHT_TO_LEFT = /[[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]--[\p{M}\u06f0-\u06f9]]/v
/** begins with a letter, ends with one or a digit, and with what stands on them; modifier letters have no direction */
const LABEL = /^[\p{L}--\p{Lm}](?:.*[[\p{L}--\p{Lm}]\p{Nd}])?\p{M}*$/v
const LEFT_TO_RIGHT = /[[\p{L}\p{Mc}\p{Nd}]--[0-9\u0590-\u08ff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]]/v

/** RFC 5893 2: one letter from right to left asks of every label how it begins and ends. */
function mixesDirections(unicode: string): boolean {
  if (!RIGHT_TO_LEFT.test(unicode)) return false
  return unicode.split('.').some((label) => !LABEL.test(label) || (RIGHT_TO_LEFT.test(label) && LEFT_TO_RIGHT.test(label)))
}

function isLabelOctet(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f
}
