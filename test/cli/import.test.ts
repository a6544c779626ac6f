// `greengate import` as it is typed: the policy on standard output, what did not come along on standard error, files written whole or not at all
// and never over others.
import t from 'tap'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor, run } from '../gateway/process.ts'

const BLOCKED = '# MSN messenger\n192.168.51.9:1863\n192.168.51.300:1863\n'
const RULES = 'ACCEPT loc net tcp 25 # mail\nDNAT net loc:192.168.51.9 tcp 80\n'

t.test('what is printed is a policy that `check` accepts and `explain` obeys; what is left behind is told', async (t) => {
  const folder = folderFor(t, { ip_ports_blocked: BLOCKED, hosts: '0.0.0.0 ads.example\n', rules: RULES, policy: 'loc net DROP\n' })
  const at = (name: string): string => join(folder, name)
  for (const [kind, files, question, verdict] of [
    ['blocklist', ['ip_ports_blocked'], ['--from', '192.168.51.9', 'tcp/1863', '203.0.113.5'], /^deny by blocks/],
    ['hosts', ['hosts'], ['--from', '127.0.0.1', 'http://ads.example/'], /^deny by hosts/],
    ['shorewall', ['policy', 'rules'], ['--from', '192.168.51.9', 'tcp/25', '203.0.113.5'], /^allow by loc-net-tcp-25/],
  ] as const) {
    const made = await run(['import', kind, ...files.map(at)])
    t.equal(made.code, 0, made.stderr)
    writeFileSync(at(`${kind}.yaml`), made.stdout)
    t.equal((await run(['check', at(`${kind}.yaml`)])).code, 0, kind)
    t.match((await run(['explain', '--policy', at(`${kind}.yaml`), ...question])).stdout, verdict, kind)
  }
  const told = await run(['import', 'blocklist', at('ip_ports_blocked')])
  t.match(told.stderr, /ip_ports_blocked:3: not carried over: `192\.168\.51\.300` is not an address\n {4}192\.168\.51\.300:1863\n/)
  t.match(told.stderr, /import blocklist: 1 entry carried over, 1 line not\n$/)
})

t.test('--write writes the policy and its lists, and never over anything without --force', async (t) => {
  const folder = folderFor(t, { ip_ports_blocked: BLOCKED })
  const policy = join(folder, 'new', 'office.yaml')
  const list = join(folder, 'new', 'lists', 'ip_ports_blocked')
  const args = ['import', 'blocklist', join(folder, 'ip_ports_blocked'), '--write', policy]
  const first = await run(args)
  t.equal(first.code, 0, first.stderr)
  t.equal(first.stdout, '')
  t.equal(readFileSync(list, 'utf8'), '# MSN messenger\n192.168.51.9:1863\n')
  t.equal((await run(['check', policy, '--strict'])).code, 0)
  t.same(readdirSync(join(folder, 'new')).sort(), ['lists', 'office.yaml'])
  t.equal((await run(args)).code, 0, 'the same again is no other')
  for (const path of [policy, list]) {
    const before = readFileSync(path, 'utf8')
    writeFileSync(path, '# mine\n')
    const again = await run(args)
    t.equal(again.code, 1)
    t.match(again.stderr, /there already, and nothing is written\n {2}name another file, or add `--force`/)
    t.equal(readFileSync(path, 'utf8'), '# mine\n')
    t.equal((await run([...args, '--force'])).code, 0)
    t.equal(readFileSync(path, 'utf8'), before)
  }
  mkdirSync(join(folder, 'taken'))
  t.equal((await run([...args.slice(0, 4), join(folder, 'taken')])).code, 1)
  t.same(readdirSync(join(folder, 'taken')), [])
})

t.test('a folder of e2guardian that was copied here is read, and not the one of this machine', async (t) => {
  const folder = folderFor(t, { 'e2guardian.conf': 'filterports = 8080\nfiltergroups = 1\nfiltergroupslist = x\n', 'e2guardianf1.conf': "bannedsitelist = '/etc/e2guardian/lists/bannedsitelist'\n" })
  mkdirSync(join(folder, 'lists'))
  writeFileSync(join(folder, 'lists', 'bannedsitelist'), 'bad.example\n*.worse.example?\n')
  const printed = await run(['import', 'e2guardian', folder])
  t.equal(printed.code, 0, printed.stderr)
  t.match(printed.stderr, /bannedsitelist:2: not carried over: `\*\.worse\.example\?` is no name of a site\n[^]*its list is written beside the policy with `--write FILE`\n$/)
  const policy = join(folder, 'office.yaml')
  t.equal((await run(['import', 'e2guardian', join(folder, 'e2guardian.conf'), '--write', policy])).code, 0)
  t.equal((await run(['check', policy])).code, 0)
  t.match((await run(['explain', '--policy', policy, '--from', '10.0.0.1', '--address', '203.0.113.5', 'http://www.bad.example/'])).stdout, /^deny by banned/)
  t.match((await run(['import', 'e2guardian', join(folder, 'lists')])).stderr, /none of e2guardian's files/)
})

t.test('bad input is an error, and nothing is written', async (t) => {
  const folder = folderFor(t, { empty: '', letter: 'Dear admin,\nyours\n', zeros: '\0\0\0', latin: '' })
  writeFileSync(join(folder, 'latin'), Buffer.from([0x23, 0xfc, 0x0a]))
  mkdirSync(join(folder, 'folder'))
  const out = join(folder, 'out.yaml')
  const cases = [
    ['hosts', 'empty', /it is empty/], ['hosts', 'zeros', /no text/], ['hosts', 'latin', /not UTF-8/], ['hosts', 'missing', /no such file/], ['hosts', 'folder', /is a folder/], ['hosts', 'letter', /no line of/],
    ['shorewall', 'letter', /no line of/], ['shorewall', 'folder', /none of Shorewall's files/], ['blocklist', 'letter', /no line of/],
  ] as const
  await Promise.all(cases.map(async ([kind, name, said]) => {
    const end = await run(['import', kind, join(folder, name), '--write', out])
    t.equal(end.code, 1, `${kind} ${name}`)
    t.match(end.stderr, said, `${kind} ${name}`)
    t.equal(end.stdout, '')
  }))
  t.notOk(existsSync(out))
  const json = await run(['import', 'hosts', join(folder, 'letter'), '--json'])
  t.equal(json.code, 1)
  t.match(JSON.parse(json.stdout), { kind: 'hosts', ok: false, problem: { file: join(folder, 'letter'), message: String } })
})

t.test('a command line that does not fit together: 2, and why', async (t) => {
  const cases = [
    [['ipchains', 'x'], /Allowed choices are blocklist, shorewall, squid, squidguard, e2guardian, hosts, iptables/], [['iptables', 'x'], /add `--policy FILE`/], [['iptables', 'x', '--policy', 'policies/office.yaml', '--write', 'y'], /makes no policy/], [['hosts', 'x', '--policy', 'p'], /is for `import iptables`/], [['hosts'], /missing required argument 'file'/], [['hosts', 'x', '--services', 'msnp'], /is for `import blocklist`/],
    [['blocklist', 'x', '--services', 'nosuch'], /`nosuch` is no service/], [['hosts', 'x', '--force'], /--write FILE/], [['hosts', '-'], /standard input/],
  ] as const
  await Promise.all(cases.map(async ([args, said]) => {
    const end = await run(['import', ...args])
    t.equal(end.code, 2, args.join(' '))
    t.match(end.stderr, said)
  }))
})

t.test('--json has the policy and every line that did not come along', async (t) => {
  const folder = folderFor(t, { rules: RULES })
  const end = await run(['import', 'shorewall', join(folder, 'rules'), '--json'])
  const told = JSON.parse(end.stdout) as { policy: string }
  t.match(told, { kind: 'shorewall', ok: true, carried: '1 rule', notCarried: [{ file: join(folder, 'rules'), line: 2, text: 'DNAT net loc:192.168.51.9 tcp 80', message: String, hint: String }], changed: [], assumed: [{ message: String }], implied: [] })
  t.match(told.policy, /\nrules:\n/)
  t.equal(end.stderr, '')
})

t.test('a folder of Shorewall\'s, and standard input', async (t) => {
  const folder = folderFor(t, { rules: RULES, policy: 'loc net REJECT\n', 'shorewall.conf': 'STARTUP_ENABLED=Yes\n' })
  const made = await run(['import', 'shorewall', folder])
  t.match(made.stdout, /default: \{ action: reject/)
  const { spawnSync } = await import('node:child_process')
  const piped = spawnSync(process.execPath, ['src/main.ts', 'import', 'shorewall', '-'], { input: RULES, encoding: 'utf8' })
  t.match(piped.stdout, /loc-net-tcp-25/)
  t.match(piped.stdout, /# standard input:1/)
})

t.test('what a file holds does not rule the terminal', async (t) => {
  const folder = folderFor(t, { rules: 'ACCEPT loc net tcp 25 # \u001b[2J\u202e\nEVIL\u001b[31m loc net tcp \u001b[2J\n' })
  const end = await run(['import', 'shorewall', join(folder, 'rules')])
  t.notMatch(`${end.stdout}${end.stderr}`, /[\u001b\u202e]/)
})

t.test('iptables: a report beside the policy that is there, and no policy', async (t) => {
  const folder = folderFor(t, {
    'rules.v4': '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i eth0 -o eth1 -s 192.168.51.0/27 -p tcp -m tcp --dport 25 -j ACCEPT\n-A FORWARD -i eth0 -o eth1 -s 192.168.51.40/32 -p tcp -m tcp --dport 25 -m comment --comment "\u001b[2J" -j ACCEPT\nCOMMIT\n*mangle\n-A PREROUTING -s 192.168.51.9/32 -p tcp -m tcp --dport 1863 -j REJECT\nCOMMIT\n',
    nothing: 'Dear admin,\n', 'bare.yaml': 'version: 1\n',
  })
  const rules = join(folder, 'rules.v4')
  const end = await run(['import', 'iptables', rules, '--policy', 'policies/office.yaml'])
  t.equal(end.code, 0, end.stderr)
  t.match(end.stdout, /^loads in no kernel\n {2}.*rules\.v4:7 {2}-A PREROUTING .*\n {4}REJECT is valid in the table filter alone[^\n]*\n {4}write `-j DROP` there/)
  t.match(end.stdout, /not implied: the policy says something else\n[\s\S]*rules\.v4:4 {2}[^\n]*\n {4}tcp\/25 \(smtp\) to 198\.51\.100\.77 from 192\.168\.51\.40 on eth0: the rule accepts it, the policy drops it by `default`/)
  t.match(end.stdout, /implied by the policy\n {2}.*rules\.v4:3 /)
  t.notMatch(end.stdout, /\u001b/)
  const json = JSON.parse((await run(['import', 'iptables', rules, '--policy', 'policies/office.yaml', '--json'])).stdout) as { rules: unknown[] }
  t.match(json, { kind: 'iptables', ok: true, counts: { implied: 1, fault: 1 }, unread: [] })
  t.match(json.rules[2], { file: rules, line: 4, chain: 'FORWARD', table: 'filter', status: 'not-implied', example: { rule: 'accept', policy: 'drop', by: 'default' } })
  t.match((await run(['import', 'iptables', join(folder, 'nothing'), '--policy', 'policies/office.yaml'])).stderr, /no rule of iptables is in it/)
  const bare = await run(['import', 'iptables', rules, '--policy', join(folder, 'bare.yaml')])
  t.equal(bare.code, 1)
  t.match(bare.stderr, /gives no `gateway\.green`/)
  t.equal((await run(['import', 'iptables', rules, '--policy', join(folder, 'missing.yaml')])).code, 4)
})
