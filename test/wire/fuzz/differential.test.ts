// The differential's short form: the whole corpus of the wire cases and some thousand mutants of it, ours against llhttp, in both directions, whole and
// cut. The long one: node test/wire/fuzz/run.ts --minutes 10.
import t from 'tap'
import { corpus } from './corpus.ts'
import { difference } from './differ.ts'
import { randomOf } from './mutate.ts'
import { Search } from './search.ts'

/** What the long run found once: [request's method of a response, octets]. */
const FOUND: readonly (readonly [method: string | undefined, text: string])[] = [
  [undefined, 'GET http://t# HTTP/1.1\r\nHost:t\r\n\r\n'],
  [undefined, 'POST / HTTP/1.1\r\nHost:t\r\nTransfer-Encoding:chunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  [undefined, 'POST / HTTP/1.1\r\nHost:t\r\nTransfer-Encoding:chUnked\t\r\n\r\n3\r\na'],
  ['GET', 'HTTP/1.1 150 \r\nContent-Length:5\r\n\r\nTest.'],
  ['HEAD', 'HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [undefined, 'POST / HTTP/1.1\r\nHost:t\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nConnection:close\r\n\r\nGET /y HTTP/1.1\r\nHost:t\r\n\r\n'],
  [undefined, 'GET /\xe4 HTTP/1.1\r\nHost:t\r\n\r\n'],
]

t.test('what was found stays mended', async (t) => {
  for (const [method, text] of FOUND) t.equal(difference(Buffer.from(text, 'latin1'), method), undefined, JSON.stringify(text))
})

t.test('the corpus and its mutants', { timeout: 100_000 }, async (t) => {
  const search = new Search(await corpus(), randomOf(20261127))
  search.begin()
  for (let many = 0; many < 10_000; many++) search.step()
  t.same([...search.findings.values()].map(({ problem, bytes }) => [problem, bytes.toString('latin1')]), [])
  t.ok(search.tried > 20_000, `${search.tried} messages`)
})
