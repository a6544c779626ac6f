// Rules in time: enabled, expires, schedules across midnight and changes of the clock, and the edges that the gateway waits for.
import t from 'tap'
import { compile, decided, judged, packetJudged } from './asking.ts'

const OPEN = 'rules: [{ name: px, action: allow, from: any, to: gateway, services: proxy }]'
const CLIENT = '10.9.9.9'
const at = (text: string): number => Date.parse(text)

const policy = compile(`
gateway: { timezone: Europe/Berlin }
schedules:
  lessons: [mon-fri 08:00-12:30, mon-fri 13:30-16:00]
  nights: [daily 22:00-06:00]
${OPEN}
web:
  default: allow
  rules:
    - { name: off, action: deny, host: off.test, enabled: false }
    - { name: past, action: deny, host: past.test, expires: 2026-07-01 }
    - { name: lesson, action: deny, host: video.test, schedule: lessons }
    - { name: night, action: deny, host: game.test, schedule: [nights, lessons] }
`)

t.test('in force or not', async (t) => {
  const rows: readonly (readonly [host: string, when: string, expected: string])[] = [
    ['off.test', '2026-06-03T10:00:00+02:00', 'open'],
    ['past.test', '2026-06-30T23:59:59+02:00', 'deny by past'],
    ['past.test', '2026-07-01T00:00:00+02:00', 'open'],
    ['video.test', '2026-06-03T07:59:59+02:00', 'open'],
    ['video.test', '2026-06-03T08:00:00+02:00', 'deny by lesson'],
    ['video.test', '2026-06-03T12:29:59+02:00', 'deny by lesson'],
    ['video.test', '2026-06-03T12:30:00+02:00', 'open'],
    ['video.test', '2026-06-06T10:00:00+02:00', 'open'],
    ['video.test', '2026-12-03T08:00:00+01:00', 'deny by lesson'],
    ['video.test', '2026-12-03T07:30:00+01:00', 'open'],
    ['game.test', '2026-06-03T23:00:00+02:00', 'deny by night'],
    ['game.test', '2026-06-04T05:59:00+02:00', 'deny by night'],
    ['game.test', '2026-06-04T06:00:00+02:00', 'open'],
    ['game.test', '2026-06-04T09:00:00+02:00', 'deny by night'],
  ]
  for (const [host, when, expected] of rows) t.equal(decided(policy, CLIENT, `GET http://${host}/`, { now: at(when) }), expected, `${host} at ${when}: ${expected}`)
  // back and forth: what is kept of a schedule holds for its own span alone
  for (const [host, when, expected] of rows.toReversed()) t.equal(decided(policy, CLIENT, `GET http://${host}/`, { now: at(when) }), expected, `again ${host} at ${when}`)
})

t.test('the next edge of all', async (t) => {
  const edge = (when: string): string => new Date(policy.nextEdge(at(when)) ?? 0).toISOString()
  t.equal(edge('2026-06-03T07:00:00+02:00'), '2026-06-03T06:00:00.000Z', 'the lesson begins')
  t.equal(edge('2026-06-03T08:00:00+02:00'), '2026-06-03T10:30:00.000Z', 'and ends')
  t.equal(edge('2026-06-30T23:59:00+02:00'), '2026-06-30T22:00:00.000Z', 'a rule expires')
  t.equal(compile(OPEN).nextEdge(at('2026-06-03T10:00:00Z')), undefined, 'no edge, where nothing depends on time')
})

t.test('packet rules in time', async (t) => {
  const office = compile(`
gateway: { green: { interface: eth0, address: 192.168.51.254/24 }, red: { interface: eth1 }, admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445] }, timezone: UTC }
schedules: { day: [daily 08:00-18:00] }
rules:
  - { name: no-mail-host, action: deny, from: any, to: 93.184.215.14, services: tcp/80, schedule: day }
  - { name: px, action: allow, from: any, to: gateway, services: proxy, schedule: day }
  - { name: mail, action: allow, from: any, to: internet, services: smtp, expires: 2026-06-10 }
web: { default: allow }`)
  t.equal(packetJudged(office, '192.168.51.5', 'tcp/25 to 93.184.215.14', at('2026-06-09T23:00:00Z')), 'accept by mail')
  t.equal(packetJudged(office, '192.168.51.5', 'tcp/25 to 93.184.215.14', at('2026-06-10T00:00:00Z')), 'drop by default')
  t.equal(decided(office, '192.168.51.5', 'GET http://x.test/', { now: at('2026-06-03T07:00:00Z') }), 'deny by default', 'the proxy is closed at night')
  t.equal(judged(office, '192.168.51.5', 'GET http://x.test/', ['93.184.215.14'], { now: at('2026-06-03T09:00:00Z') }), 'deny by no-mail-host')
  t.equal(judged(office, '192.168.51.5', 'GET http://x.test/', ['93.184.215.15'], { now: at('2026-06-03T09:00:00Z') }), 'allow by web.default')
})
