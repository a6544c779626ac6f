// The way of nearly every line of a large list: each octet looked at once and copied, no string made. Danger prevented: a gateway that takes
// many seconds for lists of millions of names at each reload. What is not surely plain goes the slow way, which knows all.
import type { TableBuilder } from './table.ts'

/** Kinds of octets: none of a plain name; letters in lower case; digits, hyphens and underscores; the dot. */
const NONE = 0
const LETTER = 1
const OTHER = 2
const DOT = 3
const KINDS = new Uint8Array(256)
for (let octet = 0x61; octet <= 0x7a; octet++) KINDS[octet] = LETTER
for (let octet = 0x30; octet <= 0x39; octet++) KINDS[octet] = OTHER
KINDS[0x2d] = OTHER
KINDS[0x5f] = OTHER
KINDS[0x2e] = DOT

const MOST_NAME = 253
const MOST_LABEL = 63

/**
 * Takes lines from `from` on while they are plain: labels of 1 to 63 octets, a last one that begins with a letter (one that begins with a digit
 * may be a number), and the line's end. `hosts`: each behind the address of a sink. Returns where the first other line begins.
 */
export function takePlainNames(source: Uint8Array, from: number, hosts: boolean, into: TableBuilder): number {
  // a line without its end is never longer in the table
  into.reserve(source.length - from + 1)
  const { texts } = into
  for (let line = from; ;) {
    let i = hosts ? behindSink(source, line) : line
    if (i < 0) return line
    const first = into.at + 1
    let label = first
    let to = first
    for (; i < source.length; i++) {
      const octet = source[i] ?? 0
      const kind = KINDS[octet] ?? NONE
      if (kind === NONE) break
      if (kind === DOT) {
        if (to === label || to - label > MOST_LABEL) return line
        label = to + 1
      }
      texts[to++] = octet
    }
    if (source[i] === 0x0d) i++
    if (source[i] !== 0x0a || to === label || to - label > MOST_LABEL || to - first > MOST_NAME || KINDS[texts[label] ?? 0] !== LETTER) return line
    // names of the machine itself begin so or have no dot (entry.ts)
    if (hosts && (label === first || startsWith(texts, first, OWN))) return line
    into.wrote(to - first)
    line = i + 1
  }
}

const SINKS = ['0.0.0.0', '127.0.0.1'].map((text) => Buffer.from(text))
const OWN = Buffer.from('localhost')

/** Where the name of `0.0.0.0 name` begins, else -1. */
function behindSink(source: Uint8Array, from: number): number {
  for (const sink of SINKS) {
    let at = from + sink.length
    if (!isBlank(source[at] ?? 0) || !startsWith(source, from, sink)) continue
    while (isBlank(source[at] ?? 0)) at++
    return at
  }
  return -1
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09
}

function startsWith(source: Uint8Array, from: number, what: Uint8Array): boolean {
  for (let i = 0; i < what.length; i++) if (source[from + i] !== what[i]) return false
  return true
}
