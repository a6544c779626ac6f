// Any record, whatever its fields hold: one line in each log and on a terminal, of its form, harmless, and no longer than README says.
import t from 'tap'
import fc from 'fast-check'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventLog } from '../../../src/log/events.ts'
import { prettyLines } from '../../../src/log/pretty.ts'
import type { RequestRecord } from '../../../src/log/record.ts'
import { squidLine } from '../../../src/log/squid.ts'
import { sampleRecord } from '../../log/sample.ts'
import { HARMFUL, SEQUENCES, SQUID_LINE, strange } from './strange.ts'

const EVENT_OCTETS = 24 << 10
const ACCESS_OCTETS = 5 << 10
const TEXTS = ['method', 'target', 'host', 'reason', 'error', 'contentType', 'userAgent', 'serverName', 'rule', 'group'] as const
/** SGR alone: what pino-pretty colours with */
const COLOUR = /\x1b\[\d{1,2}(?:;\d{1,2})*m/g

function eventLine(record: RequestRecord): string {
  let text = ''
  eventLog((line) => {
    text += line
  }).request(record)
  return text
}

const plain = prettyLines(false)
const coloured = prettyLines(true)

/** What is wrong with what the logs make of it. */
function problemsOf(record: RequestRecord): string[] {
  const found: string[] = []
  const event = eventLine(record)
  if (event.indexOf('\n') !== event.length - 1) found.push('the event log has not one line')
  if (HARMFUL.test(event)) found.push('the event log holds what does harm')
  if (Buffer.byteLength(event) > EVENT_OCTETS) found.push(`a line of ${Buffer.byteLength(event)} octets in the event log`)
  const fields = JSON.parse(event) as Readonly<Record<string, unknown>>
  if (Object.keys(fields).some((key) => !/^[a-zA-Z]+$/.test(key)) || fields['event'] !== 'request' || fields['verdict'] !== record.verdict) found.push('a field is forged')
  if (Object.values(fields).some((value) => typeof value === 'string' && HARMFUL.test(value))) found.push('a value does harm once it is read')
  for (const shown of [plain(event), coloured(event).replace(COLOUR, '')]) {
    if (shown.indexOf('\n') !== shown.length - 1) found.push('the terminal has not one line')
    if (HARMFUL.test(shown)) found.push('the terminal is ruled')
  }
  const access = squidLine(record)
  if (!SQUID_LINE.test(access)) found.push(`the access log has ${JSON.stringify(access.slice(0, 200))}`)
  if (access.length > ACCESS_OCTETS) found.push(`a line of ${access.length} octets in the access log`)
  return found
}

t.test('every octet and every sequence in every field', async (t) => {
  const octets = Array.from({ length: 256 }, (_, code) => [`octet ${code}`, String.fromCharCode(code)] as const)
  let tried = 0
  for (const [name, octet] of [...octets, ...SEQUENCES]) {
    for (const field of TEXTS) {
      for (const value of [octet, `a${octet}b`]) {
        tried++
        const problems = problemsOf(sampleRecord({ [field]: value, verdict: tried % 2 === 0 ? 'deny' : 'allow' }))
        if (problems.length > 0) t.fail(`${name} in ${field}`, { problems })
      }
    }
  }
  t.pass(`${tried} records`)
})

const anyRecord = fc.record({
  method: strange, target: strange, host: strange, rule: strange, group: fc.option(strange, { nil: undefined }), reason: strange, error: fc.option(strange, { nil: undefined }), contentType: fc.option(strange, { nil: undefined }),
  userAgent: fc.option(strange, { nil: undefined }), serverName: fc.option(strange, { nil: undefined }), place: fc.option(fc.record({ file: strange, line: fc.nat(), column: fc.nat() }), { nil: undefined }),
  verdict: fc.constantFrom('allow', 'deny', 'error'), fault: fc.constantFrom(undefined, 'client', 'policy', 'upstream', 'gateway'), status: fc.constantFrom(0, 200, 403, 502, 599),
  addresses: fc.array(fc.constantFrom('203.0.113.5', '2001:db8:1111:2222:3333:4444:5555:6666'), { maxLength: 300 }), address: fc.constantFrom(undefined, '203.0.113.5', '2001:db8::1'),
  observed: fc.array(fc.record({ verdict: fc.constantFrom('allow', 'deny'), rule: strange, reason: strange }), { maxLength: 30 }),
  bytesIn: fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER), bytesOut: fc.constantFrom(0, 2 ** 40, Number.MAX_SAFE_INTEGER), duration: fc.constantFrom(-1, 0, 0.4, 1e12), ech: fc.boolean(), reused: fc.boolean(),
})

t.test('all fields at once', async (t) => {
  fc.assert(fc.property(anyRecord, (change) => {
    const problems = problemsOf(sampleRecord(change as Partial<RequestRecord>))
    if (problems.length > 0) throw new Error(problems.join('; '))
  }), { numRuns: 1_500 })
  const most = '\u4e16'.repeat(10_000)
  const quotes = '"'.repeat(10_000)
  for (const fill of [most, quotes, '\\'.repeat(10_000), '\x1b'.repeat(10_000), '\u202e'.repeat(10_000), '\u{e0041}'.repeat(5_000), '\ud800'.repeat(10_000)]) {
    const observed = Array.from({ length: 50 }, () => ({ verdict: 'deny' as const, rule: fill, reason: fill }))
    const addresses = Array.from({ length: 4_000 }, () => '2001:db8:1111:2222:3333:4444:5555:6666')
    t.same(problemsOf(sampleRecord({ method: fill, target: fill, host: fill, reason: fill, error: fill, contentType: fill, userAgent: fill, serverName: fill, rule: fill, group: fill, place: { file: fill, line: 1, column: 1 }, observed, addresses })), [])
  }
  const cut = JSON.parse(eventLine(sampleRecord({ target: `http://h/${'a'.repeat(9_000)}`, userAgent: 'u'.repeat(2_000), addresses: Array.from({ length: 40 }, () => '::1') }))) as { target: string; userAgent: string; addresses: string[] }
  t.match(cut.target, /aaa\.\.\.$/)
  t.match(cut.userAgent, /uuu…$/)
  t.equal(cut.addresses.at(-1), '... 8 more')
})

t.test('what happens to the gateway, with a file of any name', async (t) => {
  fc.assert(fc.property(strange, strange, strange, (message, file, reason) => {
    let text = ''
    eventLog((line) => {
      text += line
    }).gateway('error', 'reload-failed', message, { file, diagnostics: [reason, file], generation: 1 })
    const shown = plain(text)
    return text.indexOf('\n') === text.length - 1 && !HARMFUL.test(text) && Buffer.byteLength(text) < EVENT_OCTETS && JSON.parse(text) !== null && shown.indexOf('\n') === shown.length - 1 && !HARMFUL.test(shown)
  }), { numRuns: 800 })
  for (const fill of ['\u4e16', '"', '\x1b']) {
    let text = ''
    eventLog((line) => {
      text += line
    }).gateway('error', 'reload-failed', fill.repeat(9_000), { file: fill.repeat(9_000), hash: fill.repeat(9_000), diagnostics: Array.from({ length: 5_000 }, () => fill.repeat(900)) })
    t.ok(Buffer.byteLength(text) < EVENT_OCTETS)
    t.match((JSON.parse(text) as { readonly diagnostics: readonly string[] }).diagnostics.at(-1), /^\.\.\. 49\d\d more$/)
  }
})

const absent = process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync('calamaris', ['--version']).error !== undefined

t.test('calamaris reads every line', { skip: absent ? 'calamaris is not installed' : false }, async (t) => {
  const lines: string[] = []
  fc.assert(fc.property(anyRecord, (change) => {
    lines.push(squidLine(sampleRecord(change as Partial<RequestRecord>)))
  }), { numRuns: 1_500 })
  const file = join(t.testdir(), 'access.log')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const report = execFileSync('calamaris', ['-a', file], { encoding: 'utf8' })
  t.match(report, /invalid lines:\s+lines\s+0\b/)
  t.match(report, new RegExp(`lines parsed:\\s+lines\\s+${lines.length}\\b`))
})
