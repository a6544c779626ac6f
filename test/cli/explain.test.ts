// `greengate explain`: the verdict with the rule that decided it, 0 when allowed, 3 when denied; the same as the gateway does.
import t from 'tap'
import { run } from '../gateway/process.ts'

const OFFICE = ['--policy', 'policies/office.yaml']

const cases: readonly (readonly [name: string, args: readonly string[], code: number, rule: string])[] = [
  ['an office PC browses', ['--from', '192.168.51.35', '--address', '93.184.215.14', 'http://example.com/'], 0, 'web.default'],
  ['and tunnels', ['--from', '192.168.51.35', '--address', '93.184.215.14', 'https://example.com/path'], 0, 'web.default'],
  ['but not to a number', ['--from', '192.168.51.35', '203.0.113.5:443'], 3, 'no-numeric-hosts'],
  ['nor to a closed port', ['--from', '192.168.51.35', 'example.com:22'], 3, 'connect-ports'],
  ['a mail PC has no proxy', ['--from', '192.168.51.25', 'http://example.com/'], 3, 'default'],
  ['but mail', ['--from', '192.168.51.25', 'tcp/110', '203.0.113.25'], 0, 'mail'],
  ['as a policy test says it', ['--from', '192.168.51.25', 'tcp/110 to 203.0.113.25'], 0, 'mail'],
  ['nobody has the web directly', ['--from', '192.168.51.35', 'tcp/443', '203.0.113.25'], 3, 'default'],
  ['the messenger is known by its path', ['--from', '192.168.51.35', '--method', 'POST', 'http://gateway.messenger.example/gateway/gateway.dll?x=1'], 3, 'messenger'],
]

t.test('the worked office', async (t) => {
  for (const [name, args, code, rule] of cases) {
    const end = await run(['explain', ...OFFICE, ...args, '--json'])
    t.equal(end.code, code, name)
    const told = JSON.parse(end.stdout) as Record<string, unknown>
    t.equal(told['rule'], rule, name)
    t.equal(told['verdict'], code === 0 ? 'allow' : 'deny', name)
    t.same(Object.keys(told), ['verdict', 'rule', 'reason', 'because', 'planes', 'trace'], 'the keys stay as they are')
  }
})

t.test('for a person: the verdict first, each rule with its place', async (t) => {
  const end = await run(['explain', ...OFFICE, '--from', '192.168.51.35', '203.0.113.5:443'])
  t.equal(end.code, 3)
  t.match(end.stdout, /^deny by no-numeric-hosts \(policies\/office\.yaml:\d+:\d+\)\n {2}Use the site's name, not its number\n/)
  t.match(end.stdout, /client +192\.168\.51\.35, in WebAccess; asks the proxy at 192\.168\.51\.254/)
  t.match(end.stdout, /rules mail \(allow\) +policies\/office\.yaml:\d+:\d+ +no match +from: MailAccess/)
  t.match(end.stdout, /by the proxy +deny +by no-numeric-hosts\ndirect packet +deny +by default/)
})

t.test('a loopback client asks at loopback', async (t) => {
  const end = await run(['explain', '--from', '127.0.0.1', '--address', '93.184.215.14', 'http://example.com/'])
  t.equal(end.code, 0)
  t.match(end.stdout, /asks the proxy at 127\.0\.0\.1/)
})

t.test('the hosts file is asked, as the proxy asks it', async (t) => {
  const end = await run(['explain', '--from', '127.0.0.1', 'http://localhost/'])
  t.equal(end.code, 3)
  t.match(end.stdout, /deny by private/)
  t.match(end.stdout, /addresses +127\.0\.0\.1, ::1/)
})

t.test('a policy with errors explains nothing', async (t) => {
  const end = await run(['explain', '--policy', 'package.json', '--from', '127.0.0.1', 'a:443'])
  t.equal(end.code, 4)
  t.equal(end.stdout, '')
})
