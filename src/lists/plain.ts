// The way of nearly every line of a large list: octets looked at once and copied, no string made. Danger prevented: a gateway that takes
// many seconds for lists of millions of names at each reload. What is not surely plain goes the slow way, which knows all.

/**
 * Lower case letters, digits, hyphens, underscores in labels of 1 to 63 octets, and a last label that begins with a letter (one that
 * begins with a digit may be a number).
 */
export function isPlainName(source: Uint8Array, from: number, to: number): boolean {
  if (to - from > 253) return false
  let start = from
  for (let i = from; i < to; i++) {
    const octet = source[i] ?? 0
    if ((octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x2d || octet === 0x5f) continue
    if (octet !== 0x2e || i === start || i - start > 63) return false
    start = i + 1
  }
  const first = source[start] ?? 0
  return to - start >= 1 && to - start <= 63 && first >= 0x61 && first <= 0x7a
}

const SINKS = ['0.0.0.0', '127.0.0.1'].map((text) => Buffer.from(text))
/** Names of the machine itself begin so or have no dot (entry.ts). */
const OWN = Buffer.from('localhost')

/** `0.0.0.0 name` and no more: where the name begins, else -1. */
export function plainNameAfterSink(source: Uint8Array, from: number, to: number): number {
  for (const sink of SINKS) {
    let at = from + sink.length
    if (!startsWith(source, from, to, sink) || !isBlank(source[at] ?? 0)) continue
    while (isBlank(source[at] ?? 0)) at++
    const dot = source.indexOf(0x2e, at)
    return dot > at && dot < to && !startsWith(source, at, to, OWN) && isPlainName(source, at, to) ? at : -1
  }
  return -1
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09
}

function startsWith(source: Uint8Array, from: number, to: number, what: Uint8Array): boolean {
  if (to - from < what.length) return false
  for (let i = 0; i < what.length; i++) if (source[from + i] !== what[i]) return false
  return true
}
