// `greengate rules` on real files: what check refuses is never written, mode and link stay, hits are those of the gateway that serves the file.
import t from 'tap'
import { chmodSync, lstatSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../src/cli/replace-file.ts'
import { OPEN_POLICY, ask, folderFor, origin, run, serve } from '../gateway/process.ts'

const POLICY = `version: 1   # one
gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  admin: { mac: "00:1A:2B:3C:4D:5E" }
addresses:
  Mail: [192.168.51.0/27]
rules:
  # who may send
  - { name: mail, action: allow, from: Mail, to: internet, services: [smtp, pop3], remark: the mail PCs }
  - name: web
    action: allow
    from: green
    to: gateway
    services: proxy
web:
  rules:
    - { name: all, action: allow, methods: [GET] }
tests:
  - { from: 192.168.51.5, packet: "tcp/25 to 203.0.113.25", expect: allow, by: mail }
`

t.test('the table, and one rule as it stands', async (t) => {
  const folder = folderFor(t, { 'p.yaml': POLICY })
  const file = join(folder, 'p.yaml')
  const table = await run(['rules', '--policy', file])
  t.equal(table.code, 0, table.stderr)
  t.equal(table.stdout, `nr      rule  from   to        services    action  hits  remark
1   on  mail  Mail   internet  smtp, pop3  allow   -     the mail PCs
2   on  web   green  gateway   proxy       allow   -

nr      web rule  from  what         action  hits  remark
1   on  all       any   methods GET  allow   -
`)
  t.match((await run(['rules', 'show', 'web', '--policy', file])).stdout, /p\.yaml:10 {2}on, hits: -\n\n {2}- name: web\n {4}action: allow\n {4}from: green\n {4}to: gateway\n {4}services: proxy\n$/)
  t.match(JSON.parse((await run(['rules', 'list', '--json', '--policy', file])).stdout), { rules: [{ name: 'mail', enabled: true, services: ['smtp', 'pop3'], hits: { packets: null } }, {}, { name: 'all' }] })
  const wrong = await run(['rules', 'show', 'mial', '--policy', file])
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /no rule is called `mial`\n {2}did you mean `mail`\?/)
})

t.test('edits are written whole, with the mode of the file and through a link, or not at all', async (t) => {
  const folder = folderFor(t, { 'real.yaml': POLICY })
  const real = join(folder, 'real.yaml')
  const file = join(folder, 'p.yaml')
  chmodSync(real, 0o640)
  symlinkSync('real.yaml', file)
  const done = await run(['rules', 'disable', 'web', '--policy', file])
  t.equal(done.code, 0, done.stderr)
  t.match(done.stdout, /^web is off in /)
  t.equal(readFileSync(real, 'utf8'), POLICY.replace('  - name: web\n', '  - name: web\n    enabled: false\n'))
  t.equal(statSync(real).mode & 0o7777, 0o640)
  t.ok(lstatSync(file).isSymbolicLink())
  const before = readFileSync(real, 'utf8')
  for (const [args, said] of [
    [['disable', 'mail'], /expected allow|`mail`|test/],
    [['remove', 'mail'], /mail/],
    [['add', '--name', 'bad', '--action', 'allow', '--from', 'Nobody', '--to', 'internet'], /`Nobody`/],
    [['add', '--yaml', 'name: mail, action: allow'], /mail/],
    [['copy', 'mail', 'web'], /web/],
  ] as const) {
    const refused = await run(['rules', ...args, '--policy', file])
    t.equal(refused.code, 4, args.join(' '))
    t.match(refused.stderr, said)
    t.match(refused.stderr, /nothing is written: the policy would not hold/)
    t.equal(readFileSync(real, 'utf8'), before)
  }
  for (const args of [['move', 'mail'], ['move', 'mail', '--before', 'all'], ['move', 'mail', '--before', 'mail'], ['move', 'mail', '--first', '--last'], ['add', '--name', 'x'], ['add', '--yaml', 'a', '--name', 'x'], ['copy', 'mail', 'a b']]) {
    t.equal((await run(['rules', ...args, '--policy', file])).code, 2, args.join(' '))
  }
  t.equal((await run(['rules', 'add', '--name', 'time', '--action', 'allow', '--from', 'green', '--to', 'internet', '--services', 'ntp', '--remark', 'a "clock": # no comment', '--before', 'web', '--policy', file])).code, 0)
  t.match(readFileSync(real, 'utf8'), /\n {2}- \{ name: time, action: allow, from: green, to: internet, services: ntp, remark: "a \\"clock\\": # no comment" \}\n {2}- name: web/)
  const dry = await run(['rules', 'remove', 'time', '--dry-run', '--policy', file])
  t.equal(dry.stdout, before)
  t.equal((await run(['rules', 'move', 'time', '--first', '--policy', file])).code, 0)
  t.match(readFileSync(real, 'utf8'), /rules:\n {2}- \{ name: time.*\n {2}# who may send\n {2}- \{ name: mail/)
  t.match((await run(['rules', 'enable', 'mail', '--policy', file])).code, 0)
  t.same(readdirSync(folder).sort(), ['p.yaml', 'real.yaml'], 'nothing is left lying')
})

t.test('a file that somebody else changed meanwhile is left as they left it', async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'theirs' })
  t.match(replaceFile(join(folder, 'p.yaml'), 'ours', 'new'), { why: /changed by somebody else/, mend: /^read it again/ })
  t.equal(readFileSync(join(folder, 'p.yaml'), 'utf8'), 'theirs')
  t.same(readdirSync(folder), ['p.yaml'])
})

t.test('hits are the running gateway\'s, of the file that it serves', async (t) => {
  const { port } = await origin(t)
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const file = join(folder, 'p.yaml')
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', file, '--host', '127.0.0.1', '--port', '0', '--workers', '1', '--event-log', 'none', '--pid-file', pid])
  for (let each = 0; each < 3; each++) await ask(gateway.port, `http://127.0.0.1:${port}/`)
  t.match((await run(['rules', '--policy', file, '--pid-file', pid])).stdout, /^2 +on +local +any +resolves-to +allow +3 requests$/m)
  writeFileSync(join(folder, 'q.yaml'), OPEN_POLICY)
  t.match((await run(['rules', '--policy', join(folder, 'q.yaml'), '--pid-file', pid])).stdout, /^2 +on +local +any +resolves-to +allow +-$/m)
})
