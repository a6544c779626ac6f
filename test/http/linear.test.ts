// No head makes its parser slower than linear (wire rule 5, 6): the shapes that make quadratic parsers crawl, at one size and at sixteen times that size. What is
// compared is the least of several times, and the bound is far above a line's slope and far below a parabola's.
import t from 'tap'
import { ChunkedDecoder } from '../../src/http/chunked-decoder.ts'
import { forwardHead } from '../../src/http/forward-head.ts'
import { HeadBuffer } from '../../src/http/head-buffer.ts'
import { parseRequestHead } from '../../src/http/request-head.ts'
import { parseHost } from '../../src/net/target.ts'

const HEAD = 'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n'
const LIMITS = { uriBytes: 1 << 24, headerCount: 1 << 20 }
const SCAN = { lineBytes: 1 << 24, fieldBytes: 1 << 26 }
const FACTOR = 16
/** A line gives 16, a parabola 256. */
const MOST = 100

function read(text: string, cut = Infinity): void {
  const bytes = Buffer.from(text, 'latin1')
  const head = new HeadBuffer()
  for (let at = 0; at < bytes.length; at += cut) {
    if (head.push(bytes.subarray(at, Math.min(bytes.length, at + cut)), SCAN) === 'more') continue
    const parsed = parseRequestHead(head.text(), head.lineEnd, LIMITS)
    if (parsed.kind === 'request') forwardHead(parsed, { path: '/', host: 'a.test', via: 'x', forwardedFor: 'set', clientAddress: '192.0.2.1', maxForwards: undefined })
    return
  }
}

function chunks(text: string, cut: number): void {
  const bytes = Buffer.from(text, 'latin1')
  const decoder = new ChunkedDecoder()
  for (let from = 0; from < bytes.length && decoder.problem === undefined; from += cut) {
    const to = Math.min(bytes.length, from + cut)
    for (let at = from; at < to && decoder.problem === undefined && !decoder.done;) at = decoder.step(bytes, at, to)
  }
}

const many = (size: number, of: (at: number) => string): string => Array.from({ length: size }, (_, at) => of(at)).join('')

/** [what, the work at a size]; sizes are as the limits let them be, and beyond */
const SHAPES: readonly (readonly [string, number, (size: number) => void])[] = [
  ['a host of many letters, none twice', 1_000, (size) => parseHost(many(size, (at) => String.fromCharCode(0x4e00 + ((at * 7919) % 20_000))))],
  ['one long field', 40_000, (size) => read(`${HEAD}X: ${'a'.repeat(size)}\r\n\r\n`)],
  ['blanks round a value', 40_000, (size) => read(`${HEAD}X:${' '.repeat(size)}a${'\t'.repeat(size)}\r\n\r\n`)],
  ['a name that never ends', 40_000, (size) => read(`${HEAD}${'a'.repeat(size)}\r\n\r\n`)],
  ['many fields', 4_000, (size) => read(`${HEAD}${many(size, (at) => `X-${at}: 1\r\n`)}\r\n`)],
  ['many fields of a known length', 4_000, (size) => read(`${HEAD}${many(size, () => 'hosu: 1\r\n')}\r\n`)],
  ['many Via', 4_000, (size) => read(`${HEAD}${many(size, (at) => `Via: 1.1 a${at}\r\n`)}\r\n`)],
  ['many Connection', 2_000, (size) => read(`${HEAD}${many(size, (at) => `Connection: x-${at}\r\n`)}\r\n`)],
  ['many members of Connection', 20_000, (size) => read(`${HEAD}Connection: ${many(size, (at) => `x-${at},`)}\r\n\r\n`)],
  ['empty members of Connection', 40_000, (size) => read(`${HEAD}Connection: ${','.repeat(size)}\r\n\r\n`)],
  ['Connection that names every field', 1_000, (size) => read(`${HEAD}Connection: ${many(size, (at) => `x-${at},`)}\r\n${many(size, (at) => `X-${at}: 1\r\n`)}\r\n`)],
  ['many X-Forwarded-For', 4_000, (size) => read(`${HEAD}${many(size, () => 'X-Forwarded-For: 192.0.2.9\r\n')}\r\n`)],
  ['a long target', 40_000, (size) => read(`GET http://a.test/${'%41'.repeat(size)} HTTP/1.1\r\nHost: a.test\r\n\r\n`)],
  ['a head an octet a read', 4_000, (size) => read(`${HEAD}X: ${'a'.repeat(size)}\r\n\r\n`, 1)],
  ['chunks of one octet', 10_000, (size) => chunks(`${'1\r\na\r\n'.repeat(size)}0\r\n\r\n`, 65_536)],
  ['chunks of one octet, an octet a read', 4_000, (size) => chunks(`${'1\r\na\r\n'.repeat(size)}0\r\n\r\n`, 1)],
]

/** Others' work lengthens a round and shortens none: where the least is not yet under `enough`, more rounds are asked. */
function least(act: () => void, enough: number): number {
  let best = Infinity
  for (let round = 0; round < 5 || (best > enough && round < 25); round++) {
    const began = performance.now()
    act()
    best = Math.min(best, performance.now() - began)
  }
  return best
}

t.test('sixteen times the octets take no more than a line allows', async (t) => {
  for (const [what, size, work] of SHAPES) {
    work(size)
    const small = Math.max(0.05, least(() => work(size), Infinity))
    const large = least(() => work(size * FACTOR), small * MOST)
    t.ok(large / small < MOST, `${what}: ${small.toFixed(2)} ms and ${large.toFixed(2)} ms`)
  }
})
