// The access log in Squid's native format: ten fields whatever the record holds, and Debian's calamaris finds no line invalid.
import t from 'tap'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestRecord } from '../../src/log/record.ts'
import { squidLine } from '../../src/log/squid.ts'
import { sampleRecord } from './sample.ts'

const cases: readonly (readonly [name: string, change: Partial<RequestRecord>, line: string])[] = [
  ['a page', {}, '1767323045.018     12 192.168.51.35 TCP_MISS/200 1234 GET http://example.com/ - HIER_DIRECT/203.0.113.5 text/html'],
  ['a tunnel', { method: 'CONNECT', target: 'example.com:443', contentType: undefined, duration: 60_000 },
    '1767323105.006  60000 192.168.51.35 TCP_TUNNEL/200 1234 CONNECT example.com:443 - HIER_DIRECT/203.0.113.5 -'],
  ['a denial', { verdict: 'deny', status: 403, address: undefined }, '1767323045.018     12 192.168.51.35 TCP_DENIED/403 1234 GET http://example.com/ - HIER_NONE/- text/html'],
  ['an upstream that failed', { verdict: 'error', fault: 'upstream', status: 502, address: undefined },
    '1767323045.018     12 192.168.51.35 TCP_MISS/502 1234 GET http://example.com/ - HIER_NONE/- text/html'],
  ['a client that left', { verdict: 'error', fault: 'client', status: 0 }, '1767323045.018     12 192.168.51.35 TCP_MISS_ABORTED/000 1234 GET http://example.com/ - HIER_DIRECT/203.0.113.5 text/html'],
  ['no request at all', { verdict: 'error', fault: 'client', status: 400, address: undefined, method: '', target: '' },
    '1767323045.018     12 192.168.51.35 NONE_NONE/400 1234 - error:invalid-request - HIER_NONE/- text/html'],
  ['IPv6', { client: '2001:db8::1', address: '2001:db8::2' }, '1767323045.018     12 2001:db8::1 TCP_MISS/200 1234 GET http://example.com/ - HIER_DIRECT/2001:db8::2 text/html'],
  ['a forged line', { target: 'http://a/\r\n1 2 3', method: 'GET X', contentType: 'text/html\nx y' },
    '1767323045.018     12 192.168.51.35 TCP_MISS/200 1234 GET_20X http://a/%0D%0A1%202%203 - HIER_DIRECT/203.0.113.5 text/html'],
  ['a password', { target: 'http://u:p@a/' }, '1767323045.018     12 192.168.51.35 TCP_MISS/200 1234 GET http://***@a/ - HIER_DIRECT/203.0.113.5 text/html'],
]

t.test('one line a record', async (t) => {
  for (const [name, change, line] of cases) t.equal(squidLine(sampleRecord(change)), line, name)
})

const absent = process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync('calamaris', ['--version']).error !== undefined

t.test('calamaris reads every line', { skip: absent ? 'calamaris is not installed' : false }, async (t) => {
  const nasty = ['\x1b[2J', ' ', '\t', '\\', '"', '\xff', '%', '\u202e', '', 'a b c d e f', '\r\n']
  const lines = cases.map(([, change]) => squidLine(sampleRecord(change)))
  for (const each of nasty) {
    lines.push(squidLine(sampleRecord({ target: each, method: each, contentType: each, client: '10.0.0.1' })))
    lines.push(squidLine(sampleRecord({ target: `http://x/${each}`, address: undefined, verdict: 'deny', status: 403, duration: -1, bytesOut: 2 ** 53 })))
  }
  const file = join(t.testdir(), 'access.log')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const report = execFileSync('calamaris', ['-a', '-n', file], { encoding: 'utf8' })
  t.match(report, /invalid lines:\s+lines\s+0\b/)
  t.match(report, new RegExp(`lines parsed:\\s+lines\\s+${lines.length}\\b`))
})
