// What is kept of a request (a target in a cache, a tunnel's name) is no view of its whole head, whose length a client chooses.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { parseRequestHead } from '../../src/http/request-head.ts'
import { whatIsAsked } from '../../src/proxy/asked.ts'

const HEADS = 800
const LIMITS = { uriBytes: 32 * 1024, headerCount: 200 }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The targets of many long heads, kept; mebibytes that they keep alive. */
function kept(line: (at: number) => string): number {
  const targets: unknown[] = []
  collect()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < HEADS; at++) {
    const first = line(at)
    // as from the wire: one flat text
    const text = Buffer.from(`${first}\r\nHost: a\r\nX: ${'x'.repeat(60_000)}\r\n\r\n`).toString('latin1')
    const head = parseRequestHead(text, first.length + 2, LIMITS)
    if (head.kind === 'fault') throw new Error(head.problem)
    const asked = whatIsAsked(head, undefined)
    if (asked.kind === 'fault' || asked.kind === 'own') throw new Error(asked.kind)
    targets.push(asked.target)
  }
  collect()
  const mib = (process.memoryUsage().heapUsed - before) / (1 << 20)
  if (targets.length !== HEADS) throw new Error('lost')
  return mib
}

t.test('of plain requests and of CONNECT', async (t) => {
  const all = (HEADS * 60_000) / (1 << 20)
  for (const [what, line] of [
    ['plain', (at: number) => `GET http://a-long-enough-name-${at}.example/x HTTP/1.1`],
    ['CONNECT', (at: number) => `CONNECT a-long-enough-name-${at}.example:443 HTTP/1.1`],
  ] as const) {
    const mib = kept(line)
    t.ok(mib < all / 10, `${what}: ${mib.toFixed(1)} MiB kept of ${all.toFixed(0)}`)
  }
})
