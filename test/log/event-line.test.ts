// A request's line is octet for octet what pino makes of the same fields, whatever stands in them.
import t from 'tap'
import fc from 'fast-check'
import { pino } from 'pino'
import { escapeText, escapeUri } from '../../src/log/escape.ts'
import { eventLine } from '../../src/log/event-line.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { redactTarget } from '../../src/log/redact.ts'
import { sampleRecord } from './sample.ts'

function byPino(record: RequestRecord): string {
  let line = ''
  const logger = pino({ base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, { write: (text: string) => void (line = text) })
  const text = (value: string | undefined, most = 256): string | undefined => (value === undefined ? undefined : escapeText(value, most))
  const rounded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms * 10) / 10)
  const { place, addresses, observed } = record
  logger[record.verdict === 'allow' ? 'info' : record.fault === 'gateway' ? 'error' : 'warn']({
    time: new Date(record.time).toISOString(), event: 'request', id: record.id, client: record.client, clientPort: record.clientPort, mac: record.mac, group: text(record.group, 64), method: text(record.method, 64),
    target: escapeUri(redactTarget(record.target)), host: text(record.host), port: record.port, verdict: record.verdict, rule: text(record.rule, 64), place: place === undefined ? undefined : `${escapeText(place.file, 512)}:${place.line}`,
    reason: text(record.reason, 512), limit: record.limit, observed: observed.length === 0 ? undefined : observed.map(({ verdict, rule, reason }) => ({ verdict, rule: text(rule, 64), reason: text(reason, 120) })), fault: record.fault, error: text(record.error),
    addresses: addresses.length === 0 ? undefined : addresses, address: record.address, status: record.status, contentType: text(record.contentType), userAgent: text(record.userAgent, 512), serverName: text(record.serverName), ech: record.ech ? true : undefined,
    bytesIn: record.bytesIn, bytesOut: record.bytesOut, duration: rounded(record.duration), dns: rounded(record.dns), dial: rounded(record.dial), firstByte: rounded(record.firstByte), reused: record.reused ? true : undefined,
    generation: record.generation, hash: record.hash, worker: record.worker,
  })
  return line
}

const odd = fc.oneof(fc.string({ unit: 'binary', maxLength: 700 }), fc.string({ maxLength: 90 }), fc.constantFrom('"', '\\', '\u2028', '\ud800', 'é', '\r\n{"level":"info"}', 'plain text'))
const maybe = fc.option(odd, { nil: undefined })
const ms = fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined })

t.test('as pino writes it', async (t) => {
  fc.assert(fc.property(fc.record({
    time: fc.integer({ min: 0, max: 4_102_444_800_000 }), group: maybe, method: odd, target: odd, host: odd, rule: odd, reason: odd, error: maybe, contentType: maybe, userAgent: maybe, serverName: maybe, mac: fc.constantFrom(undefined, '00:16:3e:5e:6c:01'),
    verdict: fc.constantFrom('allow' as const, 'deny' as const, 'error' as const), fault: fc.constantFrom(undefined, 'policy' as const, 'gateway' as const), limit: fc.constantFrom(undefined, '50kB/s per client'),
    place: fc.option(fc.record({ file: odd, line: fc.nat(), column: fc.nat() }), { nil: undefined }), observed: fc.array(fc.record({ verdict: fc.constantFrom('allow' as const, 'deny' as const), rule: odd, reason: odd }), { maxLength: 3 }),
    addresses: fc.array(fc.constantFrom('203.0.113.5', '2001:db8::1'), { maxLength: 4 }), address: fc.constantFrom(undefined, '203.0.113.5'), ech: fc.boolean(), reused: fc.boolean(),
    bytesIn: fc.nat(), bytesOut: fc.maxSafeNat(), duration: fc.double({ min: 0, max: 1e9, noNaN: true }), dns: ms, dial: ms, firstByte: ms, status: fc.nat(599),
  }), (change) => {
    const record = sampleRecord(change)
    const line = eventLine(record)
    return line === byPino(record) && JSON.stringify(JSON.parse(line)) === line.slice(0, -1)
  }), { numRuns: 1500 })
  t.equal(eventLine(sampleRecord()), byPino(sampleRecord()))
  t.equal(eventLine(sampleRecord({ time: 1.9 })).includes('1970-01-01T00:00:00.001Z'), true, 'parts of a millisecond are cut')
  t.match(JSON.parse(eventLine(sampleRecord({ bytesIn: Number.NaN }))), { bytesIn: null }, 'what is no number is none')
})
