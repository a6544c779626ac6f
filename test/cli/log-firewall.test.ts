// `greengate log --firewall`: the article's refused PC as its Figure 7 shows it, from a log file and with real packets live from the kernel;
// filters that hold, and such as are none.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BACKENDS } from '../firewall/backends.ts'
import { printed } from '../firewall/cases.ts'
import { run as exec, unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { folderFor, run } from '../gateway/process.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const OFFICE = 'policies/office.yaml'
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump'])

const LOG = `Nov 29 22:59:58 gw kernel: [1.0] GREEN DROP IN=eth0 OUT= MAC=02:51:00:00:00:fe:02:51:00:00:00:19:08:00 SRC=192.168.51.25 DST=192.168.51.254 LEN=60 PROTO=TCP SPT=40112 DPT=800 SYN
Nov 29 22:59:59 gw kernel: [2.0] GREEN DROP IN=eth0 OUT=eth1 MAC=02:51:00:00:00:fe:02:51:00:00:00:23:08:00 SRC=192.168.51.35 DST=203.0.113.25 LEN=60 PROTO=TCP SPT=40113 DPT=110 SYN
Nov 29 22:59:59 gw app: GREEN DROP IN=eth0 OUT= SRC=192.168.51.25 DST=192.168.51.254 LEN=60 PROTO=TCP SPT=40112 DPT=800 SYN
`

t.test('the refused PC, from a syslog file', async (t) => {
  const file = join(folderFor(t, { 'kern.log': LOG }), 'kern.log')
  const log = (...more: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => run(['log', '--firewall', '--policy', OFFICE, '--file', file, ...more])
  const all = await log()
  t.equal(all.code, 0, all.stderr)
  const [head = '', first = '', second = '', ...rest] = all.stdout.split('\n')
  t.match(head, /^Time +Chain +Iface +Proto +Source +MAC Address +Group +Src Port +Destination +Dst Port$/)
  t.match(first, /^\d{4}-11-29 22:59:58 {2}GREEN DROP {2}eth0 +TCP +192\.168\.51\.25 +02:51:00:00:00:19 {2}MailAccess {2}40112 +192\.168\.51\.254 +800 \(MDBS_DAEMON; here IPCopProxy\)$/)
  t.match(second, /203\.0\.113\.25 +110 \(POP3; here MailingServices\)$/)
  t.same(rest, [''], 'what a program wrote there is no packet')
  for (const [more, clients] of [
    [['--client', 'MailAccess'], ['192.168.51.25']], [['--client', '192.168.51.32/27'], ['192.168.51.35']], [['--client', '02-51-00-00-00-19'], ['192.168.51.25']],
    [['--service', 'IPCopProxy'], ['192.168.51.25']], [['--service', 'pop3'], ['192.168.51.35']], [['--service', 'tcp/1-1024'], ['192.168.51.25', '192.168.51.35']],
    [['--since', '2099-01-01'], []], [['--since', '2000-01-01'], ['192.168.51.25', '192.168.51.35']],
  ] as const) {
    const { stdout, stderr } = await log('--json', ...more)
    t.same(stdout.trim().split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { client: string }).client), clients, `${more.join(' ')} ${stderr}`)
  }
  for (const [more, said] of [[['--client', 'MailAcess'], /`MailAcess` is no client\n {2}did you mean `MailAccess`\?/], [['--service', 'nosuch'], /`nosuch` is no service/], [['--since', 'noon'], /`noon` is no time/]] as const) {
    const wrong = await log(...more)
    t.equal(wrong.code, 2)
    t.match(wrong.stderr, said)
    t.equal(wrong.stdout, '')
  }
  t.equal((await run(['log'])).code, 2)
})

t.test('a name in the log cannot rule the terminal', async (t) => {
  const file = join(folderFor(t, { 'kern.log': LOG.replace('IN=eth0', 'IN=\u001b[31meth\u009b0') }), 'kern.log')
  t.notMatch((await run(['log', '--firewall', '--policy', OFFICE, '--file', file])).stdout, /[\u001b\u009b]/)
})

for (const backend of BACKENDS) {
  t.test(`the refused PC, live behind ${backend.name}`, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'], mac: '02:51:00:00:00:19' }])
    const policy = readFileSync(OFFICE, 'utf8').replace('interface: eth0', 'interface: green0').replace('interface: eth1', 'interface: red0')
    const file = join(folderFor(t, { 'office.yaml': policy }), 'office.yaml')
    backend.load(stage, 'gw', printed(policy))
    const child = stage.start('gw', process.execPath, [MAIN, 'log', '--firewall', '-f', '--policy', file], { stderr: 'pipe' })
    let out = ''
    child.stdout?.on('data', (chunk: Buffer) => (out += String(chunk)))
    await stage.said(child, 'following the kernel\'s log group', 'stderr')
    await stage.probe('h25', [{ protocol: 'tcp', host: '192.168.51.254', port: 800 }], 300)
    for (let tries = 0; tries < 50 && !out.includes('800'); tries++) await sleep(200)
    t.match(out, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}GREEN DROP {2}green0 +TCP +192\.168\.51\.25 +02:51:00:00:00:19 {2}MailAccess {2}\d+ +192\.168\.51\.254 +800 \(MDBS_DAEMON; here IPCopProxy\)\n/)
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
    child.kill('SIGINT')
    t.equal(await ended, 0, 'who is told to end ends well')
    const left = exec('ip', ['netns', 'pids', stage.space('gw')]).out.split('\n').filter((pid) => pid !== '')
    t.same(left, [], 'and leaves no tcpdump')
  })
}
