// Octets of a host as they came over the wire: escapes decoded once, then read as UTF-8. Danger prevented: decoding twice, and
// octets that are no UTF-8 guessed into characters, so that two programs see two hosts.

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Percent escapes decoded to octets (latin1 text), once. Undefined for an escape that is none. Characters over U+00FF beside an escape are
 * a person's: their UTF-8 stands for them, so that both come to be octets.
 */
export function decodePercent(written: string): string | undefined {
  let at = written.indexOf('%')
  if (at < 0) return written
  const text = isWide(written) ? octetsFromText(written) : written
  at = text.indexOf('%')
  let out = ''
  let from = 0
  for (; at >= 0; at = text.indexOf('%', from)) {
    const high = hexDigit(text.charCodeAt(at + 1))
    const low = hexDigit(text.charCodeAt(at + 2))
    if (high < 0 || low < 0) return undefined
    out += text.slice(from, at) + String.fromCharCode(high * 16 + low)
    from = at + 3
  }
  return out + text.slice(from)
}

function isWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return true
  return false
}

/** The value of a hexadecimal digit's code, else -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Latin1 text read as UTF-8; undefined where it is none. Text with characters over U+00FF was no octets and stays. */
export function textFromOctets(text: string): string | undefined {
  let high = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return text
    if (code >= 0x80) high = true
  }
  if (!high) return text
  try {
    return UTF8.decode(Buffer.from(text, 'latin1'))
  } catch {
    return undefined
  }
}

/** Unicode text as it would come over the wire: UTF-8, one character an octet. */
export function octetsFromText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x80) continue
    let out = ''
    for (const octet of new TextEncoder().encode(text)) out += String.fromCharCode(octet)
    return out
  }
  return text
}
