// The event log: one JSON line for each thing, whose field names do not change under those who read them.
import t from 'tap'
import { eventLog } from '../../src/log/events.ts'
import { prettyLines } from '../../src/log/pretty.ts'
import { sampleRecord } from './sample.ts'

function written(write: (log: ReturnType<typeof eventLog>) => void): string {
  let text = ''
  write(eventLog((line) => {
    text += line
  }))
  return text
}

t.test('a request', async (t) => {
  const text = written((log) => log.request(sampleRecord()))
  t.same(JSON.parse(text), {
    level: 'info', time: '2026-01-02T03:04:05.006Z', event: 'request', id: 'r1', client: '192.168.51.35', clientPort: 40000, group: 'WebAccess', method: 'GET',
    target: 'http://example.com/', host: 'example.com', port: 80, verdict: 'allow', rule: 'web.default', reason: 'allowed by web.default', addresses: ['203.0.113.5'], address: '203.0.113.5',
    status: 200, contentType: 'text/html; charset=utf-8', userAgent: 'curl/8', bytesIn: 80, bytesOut: 1234, duration: 12.3, dns: 1, dial: 2, firstByte: 8,
    generation: 1, hash: 'abc', worker: 1,
  })
})

t.test('a denial names the rule and its place', async (t) => {
  const text = written((log) => log.request(sampleRecord({
    verdict: 'deny', rule: 'no-numeric-hosts', place: { file: 'office.yaml', line: 60, column: 7 }, reason: 'use the name', status: 403, mac: '00:16:3e:5e:6c:01',
    observed: [{ verdict: 'deny', rule: 'watch', reason: 'r' }], ech: true, error: 'http_request_denied', fault: 'policy',
  })))
  t.match(JSON.parse(text), { level: 'warn', verdict: 'deny', rule: 'no-numeric-hosts', place: 'office.yaml:60', mac: '00:16:3e:5e:6c:01', ech: true, observed: [{ rule: 'watch' }] })
})

t.test('bytes of a client neither break the line nor reach a terminal', async (t) => {
  const evil = '\r\n{"level":"info"}\x1b[31m\u009b\u202e\u2028'
  const text = written((log) => log.request(sampleRecord({ target: evil, userAgent: evil, method: evil, host: evil, reason: evil, serverName: evil, contentType: evil, error: evil })))
  t.equal(text.split('\n').length, 2, 'one line and its break')
  for (const value of Object.values(JSON.parse(text) as Record<string, unknown>)) {
    t.notMatch(String(value), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
  }
  const pretty = prettyLines(false)(text)
  t.equal(pretty.split('\n').length, 2)
  t.notMatch(pretty.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
})

t.test('what happens to the gateway, and how a person reads it', async (t) => {
  const text = written((log) => log.gateway('error', 'reload-failed', 'bad\nfile', { generation: 3, diagnostics: ['a.yaml:1:1: x\n  ^'] }))
  const line = JSON.parse(text) as Record<string, unknown>
  t.match(line, { level: 'error', event: 'reload-failed', generation: 3, msg: 'bad\\x0afile', diagnostics: ['a.yaml:1:1: x\\x0a  ^'] })
  t.match(prettyLines(false)(text), /ERROR: reload-failed: bad\\x0afile\n$/)
  const request = written((log) => log.request(sampleRecord({ verdict: 'deny', rule: 'r', place: { file: 'p.yaml', line: 2, column: 1 }, reason: 'why', status: 403 })))
  t.match(prettyLines(false)(request), /192\.168\.51\.35 WebAccess  deny GET http:\/\/example\.com\/ 403  by r \(p\.yaml:2\): why  1\.2 KiB 12\.3 ms\n$/)
})
