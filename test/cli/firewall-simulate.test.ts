// `greengate firewall simulate` and the chain path of `explain`: one packet, many in a file, what is expected of each, and the exit codes.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../gateway/process.ts'

const OFFICE = ['--policy', 'policies/office.yaml']
const simulate = (...args: readonly string[]): ReturnType<typeof run> => run(['firewall', 'simulate', ...OFFICE, ...args])

interface Told {
  readonly verdict: string
  readonly rule: string
  readonly place?: string
  readonly line?: string
  readonly answer?: string
  readonly masquerade: boolean
  readonly packet: Readonly<Record<string, string>>
  readonly path: readonly { readonly chain: string; readonly line: number; readonly action: string; readonly comment?: string; readonly passed?: true }[]
}

t.test('one packet for a person: verdict, rule with its place, the way', async (t) => {
  const end = await simulate('--from', '192.168.51.5', 'tcp/25', '203.0.113.9')
  t.equal(end.code, 0)
  t.match(end.stdout, /^accept by mail \(policies\/office\.yaml:\d+:\d+\), masqueraded\n {2}tcp\/25 from 192\.168\.51\.5 through eth0 to 203\.0\.113\.9 through eth1, new, forward\n\nchain path:\n {2}RAW \d+ +return +and on\n/)
  t.match(end.stdout, /\n {2}GREEN \d+ +gg:rule:mail +goto VETTED\n/)
})

t.test('and for a program', async (t) => {
  const end = await simulate('--from', '192.168.51.40', '--json', 'udp/443', '203.0.113.9')
  t.equal(end.code, 3)
  const told = JSON.parse(end.stdout) as Told
  t.match(told, { verdict: 'reject', rule: 'default', line: 'quic', answer: 'icmp-port-unreachable', masquerade: false, packet: { hook: 'forward', in: 'eth0', out: 'eth1', service: 'udp/443', state: 'new' } })
  t.match(told.path.at(-1)?.action, /^reject with icmp 3\/3$/)
})

t.test('where it comes in, who sends it, and what the kernel knows of its flow', async (t) => {
  const told = async (...args: readonly string[]): Promise<string> => {
    const { verdict, rule, line } = JSON.parse((await simulate('--json', ...args)).stdout) as Told
    return `${verdict} ${rule} ${line ?? '-'}`
  }
  t.equal(await told('--from', '192.168.51.5', '--in', 'eth1', 'tcp/25', '203.0.113.9'), 'drop default spoof-red')
  t.equal(await told('--from', '192.168.51.5', '--in', 'eth9', 'tcp/25', '203.0.113.9'), 'drop default spoof-red')
  t.equal(await told('--from', '203.0.113.9', 'tcp/445', '192.168.51.254'), 'drop default red-deny')
  t.equal(await told('--from', '192.168.51.200', '--mac', '00:1A:2B:3C:4D:5E', 'tcp/445', '192.168.51.254'), 'accept admin admin')
  t.equal(await told('--from', '192.168.51.5', '--state', 'established', 'tcp/9', '203.0.113.9'), 'accept default established')
  t.equal(await told('--from', '192.168.51.5', '--state', 'invalid', 'tcp/25', '203.0.113.9'), 'drop default invalid')
})

t.test('many in a file, in both spellings, with what is expected of each', async (t) => {
  const file = join(t.testdir({}), 'packets.txt')
  writeFileSync(file, `# sender        MAC  target        service
192.168.51.5     -    203.0.113.9   tcp/25   => accept mail
192.168.51.40    -    203.0.113.9   tcp/25   => deny default   # a remark
--from 192.168.51.40 tcp/800 to 192.168.51.254 => allow web-through-the-proxy

192.168.51.5 tcp/110 203.0.113.9
`)
  const good = await simulate('--file', file)
  t.equal(good.code, 0, good.stderr)
  t.match(good.stdout, /4 packets, 3 of 3 as expected\n$/)
  writeFileSync(file, '192.168.51.5 tcp/25 203.0.113.9 => accept mail\n192.168.51.5 tcp/26 203.0.113.9 => accept mail\n192.168.51.5 tcp/25 203.0.113.9 => accept web\n')
  const bad = await simulate('--file', file)
  t.equal(bad.code, 1)
  t.match(bad.stdout, /\n2 +drop +default +gg:default-deny .*expected accept by mail\n3 +accept +mail .*expected accept by web\n3 packets, 1 of 3 as expected\n$/)
  const rows = JSON.parse((await simulate('--file', file, '--json')).stdout) as readonly { readonly row: number; readonly asExpected: boolean }[]
  t.same(rows.map(({ row, asExpected }) => [row, asExpected]), [[1, true], [2, false], [3, false]])
})

t.test('what is not understood is told with its place: 2', async (t) => {
  const file = join(t.testdir({}), 'packets.txt')
  const rows: readonly (readonly [string, RegExp])[] = [
    ['192.168.51.5 tcp/25', /packets\.txt:1: a packet is `PROTO\/PORT ADDRESS`/],
    ['192.168.51.5 tcp/25 203.0.113.9 => perhaps', /`perhaps` is no verdict/],
    ['192.168.51.5 --colour red tcp/25 203.0.113.9', /`--colour` is not known here/],
    ['192.168.51.500 tcp/25 203.0.113.9', /`192\.168\.51\.500` is no address/],
    ['192.168.51.5 --mac xx tcp/25 203.0.113.9', /`xx` is no MAC/],
    ['192.168.51.5 --state old tcp/25 203.0.113.9', /`old` is no state/],
    ['192.168.51.5 tcp/25-30 203.0.113.9', /more than one port/],
    ['fd00::1 tcp/25 203.0.113.9', /of two families/],
    ['192.168.51.5 tcp/25 203.0.113.9 => drop => drop', /one `=>` a line/],
  ]
  for (const [line, problem] of rows) {
    writeFileSync(file, `${line}\n`)
    const end = await simulate('--file', file)
    t.equal(end.code, 2, line)
    t.match(end.stderr, problem)
    t.equal(end.stdout, '')
  }
  for (const args of [[], ['tcp/25', '203.0.113.9'], ['--from', '192.168.51.5'], ['--from', '192.168.51.5', '--file', file], ['--from', '192.168.51.5', 'tcp/25', 'example.com'], ['--from', '192.168.51.5', '--state', 'old', 'tcp/25', '203.0.113.9']]) {
    t.equal((await simulate(...args)).code, 2, args.join(' '))
  }
  t.equal((await simulate('--file', `${file}.missing`)).code, 1)
  t.equal((await run(['firewall', 'simulate', '--policy', 'policies/default.yaml', '--from', '192.168.51.5', 'tcp/25', '203.0.113.9'])).code, 4, 'a policy without green has no rules of a gateway')
})

t.test('explain tells a packet the same way', async (t) => {
  const args = ['--from', '192.168.51.40', 'udp/443', '203.0.113.9']
  const simulated = JSON.parse((await simulate('--json', ...args)).stdout) as Told
  const explained = JSON.parse((await run(['explain', ...OFFICE, '--json', ...args])).stdout) as { readonly planes: { readonly direct: Pick<Told, 'line' | 'path'> } }
  t.same(explained.planes.direct.path, simulated.path)
  t.equal(explained.planes.direct.line, 'quic')
  const text = (await run(['explain', ...OFFICE, ...args])).stdout
  t.match(text, /\nchain path of the packet: reject by default, gg:quic, answered with icmp-port-unreachable[^\n]*\n {2}RAW \d+ /)
  t.notMatch((await run(['explain', '--policy', 'policies/default.yaml', ...args])).stdout, /chain path/, 'a policy without green has no chains')
})
