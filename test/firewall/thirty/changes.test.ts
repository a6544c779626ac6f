// The moving half of the thirty packet tests (README.md): what happens to flows that run, to the admin, to time and to the log while rules come and go.
// With real packets on both back ends; the numbers are those of the table.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readBlocks } from '../../../src/lists/blocks.ts'
import { BACKENDS } from '../backends.ts'
import { movedTo, printed } from '../cases.ts'
import { readNflog } from '../nflog.ts'
import { unable } from '../root.ts'
import { Stage, office } from '../stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'perl', 'tcpdump', 'conntrack'])

const GATEWAY = '192.168.51.254'
const RED = '203.0.113.25'
const ADMIN = '02:51:00:00:00:ad'
const HOSTS = [
  { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] },
  { name: 'h35', addresses: ['192.168.51.35/24', 'fd00:51::35/64'] },
  { name: 'adm', addresses: ['192.168.51.200/24', 'fd00:51::200/64'], mac: ADMIN },
]
const HEAD = `version: 1
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "${ADMIN}", ports: [445, 222] }
  timezone: Europe/Berlin
`
const MAIL = '  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [smtp, udp/5000] }\n'
const WEB = '  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }\n'
const ALL = `${HEAD}rules:\n  - { name: all, action: allow, from: green, to: any, services: any, direct: true }\n`
const NOON = Date.UTC(2026, 10, 20, 11)

/** So many flows of one datagram each to a port: a new socket, and so a new source port, for each. */
const FLOWS = (port: number): string => `perl -MSocket -e '$|=1; my $n = 0; my $stop = time + 60; $SIG{TERM} = sub { $stop = 0 }; my $to = sockaddr_in(${port}, inet_aton("${RED}"));
  while (time < $stop) { socket(my $s, PF_INET, SOCK_DGRAM, 17); send($s, "x", 0, $to) and $n++; close $s; select(undef, undef, undef, 0.002) } print "sent $n\\n"'`
/** Counts what comes, by port, and says it when it is asked to end. */
const SINK = `const d=require('node:dgram');const n={};for(const p of [5000,5001]){n[p]=0;const s=d.createSocket({type:'udp4',recvBufferSize:4<<20});s.on('message',()=>n[p]++);s.bind(p,()=>console.log('ready '+p))};process.on('SIGTERM',()=>{console.log(JSON.stringify(n));process.exit()})`

/** Waits for a word of a flow, as long as a busy machine may need. */
async function heard(flow: () => string[], word: string): Promise<boolean> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(50)) if (flow().includes(word)) return true
  return false
}

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 200_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.listen('gw', 'gateway', [22, 222, 445, 800], [53])
    await stage.listen('red', 'red', [25, 110, 143, 3306], [7, 7000])
    const load = (text: string, blocked?: string): void => backend.load(stage, 'gw', printed(text, { now: NOON, ...(blocked === undefined ? {} : { blocks: new Map([['apps', readBlocks(blocked).entries]]) }) }))
    const ask = async (space: string, asked: readonly string[], waitMs = 400): Promise<string> =>
      (await stage.probe(space, asked.map((each) => {
        const [what = '', host = ''] = each.split(' ')
        const [protocol = '', port = ''] = what.split('/')
        return { protocol: protocol === 'udp' ? 'udp' as const : 'tcp' as const, host, port: Number(port) }
      }), waitMs)).map((each) => each.split(' ')[0]).join(' ')
    const ports = [`tcp/445 ${GATEWAY}`, `tcp/222 ${GATEWAY}`, `tcp/22 ${GATEWAY}`]

    await t.test('10 the admin is in after a policy without rules, and after one that drops everything', async (t) => {
      load(HEAD)
      t.equal(await ask('adm', ports), 'gateway:445 gateway:222 silence')
      t.equal(await ask('h5', ports), 'silence silence silence')
      load(`${HEAD}rules:\n  - { name: nobody, action: drop, from: any, to: any, services: any }\n`)
      t.equal(await ask('adm', ports), 'gateway:445 gateway:222 silence')
    })
    await t.test('11 a block on the admin\'s address does not lock the admin\'s ports', async (t) => {
      load(`${ALL}blocks: { apps: { file: none } }\n`, '192.168.51.200\n')
      t.equal(await ask('adm', [...ports, `tcp/25 ${RED}`]), 'gateway:445 gateway:222 silence silence')
    })
    await t.test('12 a block of one port cuts the flow that runs and the next one; other ports, other clients and comments are untouched', async (t) => {
      load(ALL)
      const mysql = stage.hold('h5', RED, 3306)
      const mail = stage.hold('h5', RED, 25)
      const other = stage.hold('h35', RED, 3306)
      t.ok(await heard(mysql, 'ok') && await heard(mail, 'ok') && await heard(other, 'ok'))
      load(`${ALL}blocks: { apps: { file: none } }\n`, '# mysql\n# 192.168.51.35:3306\n\n192.168.51.5:3306 # sales\n')
      t.ok(await heard(mysql, 'reset'), 'cut')
      t.equal(await ask('h5', [`tcp/3306 ${RED}`, `tcp/25 ${RED}`]), 'silence red:25')
      t.equal(await ask('h35', [`tcp/3306 ${RED}`]), 'red:3306')
      t.notOk([...mail(), ...other()].includes('reset'))
    })
    await t.test('22 a hundred reloads under traffic: none lost of what is allowed, none leaked of what is not', async (t) => {
      const policies = [`${HEAD}rules:\n${MAIL}${WEB}`, `${HEAD}rules:\n${WEB}${MAIL}`].map((text) => printed(text, { now: NOON }))
      const load = (at: number): void => backend.load(stage, 'gw', policies[at % 2] ?? new Map())
      load(0)
      stage.must('gw', 'conntrack -F 2>/dev/null || true')
      const sink = stage.start('red', process.execPath, ['-e', SINK])
      const flow = stage.hold('h5', RED, 25)
      t.ok(await heard(flow, 'ok'))
      await stage.said(sink, 'ready 5001')
      let counted = ''
      sink.stdout?.on('data', (data: Buffer) => (counted += data.toString()))
      const senders = [5000, 5001].map((port) => {
        const child = stage.start('h5', 'sh', ['-c', `exec ${FLOWS(port)}`])
        let said = ''
        child.stdout?.on('data', (data: Buffer) => (said += data.toString()))
        return { child, ended: new Promise<number>((resolve) => child.once('close', () => resolve(Number(/sent (\d+)/.exec(said)?.[1])))) }
      })
      await sleep(300)
      for (let at = 1; at <= 100; at++) {
        load(at)
        if (at % 20 === 0) await sleep(1)
      }
      await sleep(300)
      for (const { child } of senders) child.kill('SIGTERM')
      const [allowed = 0, denied = 0] = await Promise.all(senders.map(({ ended }) => ended))
      await sleep(500)
      sink.kill('SIGTERM')
      await new Promise((resolve) => sink.once('close', resolve))
      t.ok(allowed > 500 && denied > 500, `${allowed} and ${denied} sent`)
      t.same(JSON.parse(counted.trim().split('\n').at(-1) ?? '{}'), { 5000: allowed, 5001: 0 })
      t.notOk(flow().includes('reset'), 'and the mail that ran runs on')
    })
    await t.test('23 a flow that is revoked is reset with its next packet, a flow of UDP is silent from then on; another group\'s runs on', async (t) => {
      load(`${HEAD}rules:\n${MAIL}${WEB}`.replace('udp/5000', 'udp/7000'))
      const mail = stage.hold('h5', RED, 25)
      const udp = stage.hold('h5', RED, 7000, 'udp')
      const web = stage.hold('h35', GATEWAY, 800)
      t.ok(await heard(mail, 'ok') && await heard(udp, 'ok') && await heard(web, 'ok'))
      load(`${HEAD}rules:\n${WEB}`)
      t.ok(await heard(mail, 'reset'))
      t.equal(mail().filter((word) => word === 'ok').length, 0, 'nothing after it')
      await sleep(400)
      udp()
      web()
      await sleep(600)
      const [quiet, running] = [udp(), web()]
      t.ok(quiet.length > 2 && quiet.every((word) => word === 'silence'), quiet.join())
      t.ok(running.length > 2 && running.every((word) => word === 'ok'), running.join())
    })
    await t.test('24 rules switched off, on and turned round: the first that fits decides', async (t) => {
      const closed = '  - { name: closed, action: drop, from: 192.168.51.0/27, to: internet, services: smtp }\n'
      for (const [rules, verdict] of [[`${MAIL}${closed}`, 'red:25'], [`${closed}${MAIL}`, 'silence'], [`${closed.replace('action: drop', 'action: drop, enabled: false')}${MAIL}`, 'red:25'], [`${MAIL.replace('action: allow', 'action: allow, enabled: false')}`, 'silence']] as const) {
        load(`${HEAD}rules:\n${rules}`)
        t.equal(await ask('h5', [`tcp/25 ${RED}`]), verdict, rules)
      }
    })
    await t.test('25 windows: the end cuts what runs; over midnight; on the days on which the clock changes', async (t) => {
      const policy = `${HEAD}schedules:
  lessons: [mon-fri 08:00-12:30]
  night: [daily 22:00-06:00]
  change: [sun 01:00-03:30]
  twice: [sun 01:00-02:30]
rules:
  - { name: lessons, action: allow, from: green, to: internet, services: smtp, schedule: lessons }
  - { name: night, action: allow, from: green, to: internet, services: pop3, schedule: night }
  - { name: change, action: allow, from: green, to: internet, services: imap, schedule: change }
  - { name: twice, action: allow, from: green, to: internet, services: tcp/3306, schedule: twice }
`
      /** as whoever keeps the rules loads them at that time, on a kernel whose clock says so */
      const at = (time: string): void => {
        const then = Date.parse(time)
        backend.load(stage, 'gw', new Map([...printed(policy, { now: then })].map(([format, text]) => [format, movedTo(text, then)])))
      }
      const port = { lessons: 25, night: 110, change: 143, twice: 3306 } as const
      const rows: readonly (readonly [time: string, window: keyof typeof port, open: boolean])[] = [
        ['2026-11-20T07:59:00+01:00', 'lessons', false], ['2026-11-20T08:00:00+01:00', 'lessons', true], ['2026-11-20T12:30:00+01:00', 'lessons', false], ['2026-11-21T09:00:00+01:00', 'lessons', false],
        ['2026-11-20T21:59:00+01:00', 'night', false], ['2026-11-20T22:00:00+01:00', 'night', true], ['2026-11-20T23:59:00+01:00', 'night', true], ['2026-11-21T00:00:00+01:00', 'night', true], ['2026-11-21T05:59:00+01:00', 'night', true], ['2026-11-21T06:00:00+01:00', 'night', false],
        // from 02:00 to 03:00 at once
        ['2026-03-29T01:59:00+01:00', 'change', true], ['2026-03-29T03:29:00+02:00', 'change', true], ['2026-03-29T03:30:00+02:00', 'change', false], ['2026-03-30T07:59:00+02:00', 'lessons', false], ['2026-03-30T08:00:00+02:00', 'lessons', true],
        // from 03:00 back to 02:00: half past two comes twice
        ['2026-10-25T02:29:00+02:00', 'twice', true], ['2026-10-25T02:30:00+02:00', 'twice', false], ['2026-10-25T02:29:00+01:00', 'twice', true], ['2026-10-25T02:30:00+01:00', 'twice', false], ['2026-10-26T08:00:00+01:00', 'lessons', true],
      ]
      for (const [time, window, open] of rows) {
        at(time)
        t.equal(`${time} ${window} ${await ask('h5', [`tcp/${port[window]} ${RED}`], open ? 3000 : 250)}`, `${time} ${window} ${open ? `red:${port[window]}` : 'silence'}`)
      }
      at('2026-11-20T12:29:00+01:00')
      const download = stage.hold('h5', RED, 25)
      t.ok(await heard(download, 'ok'))
      at('2026-11-20T12:30:00+01:00')
      t.ok(await heard(download, 'reset'), 'at half past twelve it is cut')
    })
    await t.test('29 one line of the log for each who is refused, whatever another floods', async (t) => {
      load(`${HEAD}rules:\n${WEB}`)
      const file = `${t.testdir({})}/${backend.name}.pcap`
      const capture = stage.start('gw', 'tcpdump', ['-i', 'nflog:5', '-U', '-w', file], { stderr: 'pipe' })
      await stage.said(capture, 'listening', 'stderr')
      stage.must('h35', `perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 17); for (1..300) { send($s, "x", 0, sockaddr_in(5001, inet_aton("${RED}"))) }'`)
      // one from whom nothing comes beside it: flows of .5 that were revoked still try, oftener than the log tells of one source
      const once = (): Promise<unknown> => stage.probe('adm', [{ protocol: 'tcp', host: GATEWAY, port: 800 }], 300)
      await once()
      const logged = (): readonly ReturnType<typeof readNflog>[number][] => readNflog(readFileSync(file)).filter(({ prefix }) => prefix === 'GREEN DROP ')
      const mine = (): boolean => logged().some(({ source, target, protocol, port }) => source === '192.168.51.200' && target === GATEWAY && protocol === 6 && port === 800)
      // the kernel gathers records for a second and more
      for (let tries = 1; tries <= 80 && !mine(); tries++) {
        await sleep(100)
        if (tries % 20 === 0) await once()
      }
      t.ok(mine(), 'the other one is there')
      const flood = logged().filter(({ source }) => source === '192.168.51.35').length
      t.ok(flood > 0 && flood <= 30, `${flood} lines for 300 packets of the flood`)
    })
  })
}
