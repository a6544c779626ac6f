// One record for the tests of the log, with what a case changes.
import type { RequestRecord } from '../../src/log/record.ts'

export function sampleRecord(change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: 'r1', time: Date.UTC(2026, 0, 2, 3, 4, 5, 6), client: '192.168.51.35', clientPort: 40000, mac: undefined, group: 'WebAccess', method: 'GET',
    target: 'http://example.com/', host: 'example.com', port: 80, verdict: 'allow', rule: 'web.default', place: undefined, reason: 'allowed by web.default',
    limit: undefined, observed: [], fault: undefined, error: undefined, addresses: ['203.0.113.5'], address: '203.0.113.5', status: 200, contentType: 'text/html; charset=utf-8', userAgent: 'curl/8',
    serverName: undefined, ech: false, bytesIn: 80, bytesOut: 1234, duration: 12.34, dns: 1, dial: 2, firstByte: 8, reused: false, generation: 1,
    hash: 'abc', worker: 1, ...change,
  }
}
