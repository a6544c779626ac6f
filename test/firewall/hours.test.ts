// A text that nobody replaces in time: what it allows for a while ends by itself, what it denies later begins by itself. So a gateway whose programs are
// dead is closed at closing time, by the kernel's own clock, on both back ends.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { BACKENDS } from './backends.ts'
import { movedTo, printed } from './cases.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft'])
const RED = '203.0.113.25'
const POLICY = `version: 1
web: { default: allow }
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  timezone: Europe/Berlin
schedules: { lessons: [fri 08:00-12:30], break: [fri 12:30-13:00] }
rules:
  - { name: quiet-break, action: deny, from: green, to: internet, services: pop3, schedule: break }
  - { name: lessons, action: allow, from: green, to: internet, services: smtp, schedule: lessons }
  - { name: unlike, action: allow, from: green, to: internet, services: nntp, schedule: break }
  - { name: always, action: allow, from: green, to: internet, services: [pop3, imap] }
`
/** a friday, so many seconds before half past twelve */
const THEN = Date.parse('2026-11-20T12:29:55+01:00')

t.test('what the text says, and what is told', async (t) => {
  const texts = printed(POLICY, { now: THEN })
  const edge = Date.parse('2026-11-20T12:30:00+01:00') / 1000
  t.match(texts.get('nft'), new RegExp(`meta time >= ${edge} .*gg:rule:quiet-break`))
  t.match(texts.get('nft'), new RegExp(`meta time < ${edge} .*gg:rule:lessons`))
  t.match(texts.get('iptables'), /-m time --datestart 2026-11-20T11:30:00 --datestop 2038-01-19T03:14:07 .*gg:rule:quiet-break/)
  t.match(texts.get('iptables'), /-m time --datestop 2026-11-20T11:29:59 .*gg:rule:lessons/)
  t.match(texts.get('iptables'), /# left out: rule unlike: outside its schedule\n/)
  t.notMatch(texts.get('nft'), /rule:unlike/, 'what allows does not begin by itself')
  t.notMatch(texts.get('nft'), /meta time.*rule:always/)
  const later = printed(POLICY, { now: Date.parse('2026-11-20T12:45:00+01:00') }).get('nft')
  t.notMatch(later, /meta time.*rule:quiet-break/, 'what denies does not end by itself')
  t.match(later, /gg:rule:quiet-break/)
})

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    await stage.listen('red', 'red', [25, 110, 143], [])
    const ask = async (): Promise<readonly string[]> => (await stage.probe('h5', [25, 110, 143].map((port) => ({ protocol: 'tcp' as const, host: RED, port })), 900)).map((each) => each.split(' ')[0] ?? '')
    const edge = Date.now() + 5_000
    backend.load(stage, 'gw', new Map([...printed(POLICY, { now: THEN })].map(([format, text]) => [format, movedTo(text, THEN, edge - 5_000)])))
    t.same(await ask(), ['red:25', 'red:110', 'red:143'])
    await sleep(Math.max(0, edge + 1_500 - Date.now()))
    t.same(await ask(), ['silence', 'silence', 'red:143'])
  })
}
