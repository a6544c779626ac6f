// The iptables article's files as `blocks`: what a packet meets afterwards, and what is told of each line that does not come along.
import t from 'tap'
import { importBlocklist } from '../../src/import/blocklist.ts'
import { file, judge, made, problem, rows, told } from './judged.ts'

/** The article's second file, with addresses where its print lost them. */
const APPLICATIONS = file('ip_ports_blocked',
  '# IP addresses blocked for different applications', '# ********************************', '', '# MSN messenger', '# sales, office 2', '192.168.51.9:1863', '192.168.51.10:1863', '# accounting (all)', '192.168.51.16/30:1863',
  '', '# mysql', '# sales, office 2 and 6', '192.168.51.9:3306', '192.168.51.12:mysql', '[2001:db8::5]:3306', '192.168.51.40/255.255.255.254:3306', '192.168.51.50  :  25')
const MSN = file('ip_msn', '# IP addresses blocked for msn messenger', '# sales, office 2', '192.168.51.9', '192.168.51.10', '# production, building A', '192.168.51.64/31')

t.test('several applications in one file: each line closes its port to its client, and nothing else', async (t) => {
  const imported = made(importBlocklist([APPLICATIONS], { services: undefined }))
  t.same(told(imported.findings, 'lost'), [])
  t.equal(imported.carried, '8 entries')
  const { packet, warnings, text } = await judge(t, imported)
  t.same(warnings, [])
  t.match(text, /\nblocks:\n {2}# 12 addresses\n {2}ip_ports_blocked: \{ file: lists\/ip_ports_blocked \}\n/)
  for (const [got, wanted] of rows(packet, `
    192.168.51.9 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.9 udp/1863 203.0.113.5 => drop blocks
    192.168.51.9 tcp/1863 192.168.51.254 => drop blocks
    192.168.51.9 tcp/1864 203.0.113.5 => drop default
    192.168.51.9 tcp/3306 203.0.113.5 => drop blocks
    192.168.51.10 tcp/3306 203.0.113.5 => drop default
    192.168.51.12 tcp/3306 203.0.113.5 => drop blocks
    192.168.51.12 tcp/1863 203.0.113.5 => drop default
    192.168.51.15 tcp/1863 203.0.113.5 => drop default
    192.168.51.16 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.19 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.20 tcp/1863 203.0.113.5 => drop default
    192.168.51.40 tcp/3306 203.0.113.5 => drop blocks
    192.168.51.41 tcp/3306 203.0.113.5 => drop blocks
    192.168.51.42 tcp/3306 203.0.113.5 => drop default
    192.168.51.50 tcp/25 203.0.113.5 => drop blocks
    2001:db8::5 tcp/3306 2001:db8:9::1 => drop blocks
    2001:db8::6 tcp/3306 2001:db8:9::1 => drop default
  `)) t.equal(got, wanted)
  const [first] = imported.files
  t.match(first?.text, /# mysql\n# sales, office 2 and 6\n192\.168\.51\.9:3306\n/, 'headings stay')
})

t.test('lines without a port block every port, and that is told; `--services` says which', async (t) => {
  const all = made(importBlocklist([MSN], { services: undefined }))
  t.same(told(all.findings, 'changed'), ['ip_msn:3 this line and 2 more have no port: they block every port'])
  t.match(all.findings[0]?.hint, /--services msnp/, 'the heading says which')
  const whole = await judge(t, all)
  t.equal(whole.packet('192.168.51.65 udp/53 192.168.51.254'), 'drop blocks')
  const one = made(importBlocklist([MSN], { services: ['msnp'] }))
  t.same(one.findings, [])
  const narrow = await judge(t, one)
  for (const [got, wanted] of rows(narrow.packet, `
    192.168.51.9 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.65 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.9 udp/1863 203.0.113.5 => drop default
    192.168.51.9 tcp/25 203.0.113.5 => drop default
  `)) t.equal(got, wanted)
})

t.test('a file of both kinds of lines is parted, so that `--services` narrows only those without a port', async (t) => {
  const imported = made(importBlocklist([file('mixed', '192.168.51.9', '192.168.51.10:25')], { services: ['msnp'] }))
  t.same(imported.files.map(({ path, text }) => `${path}: ${text}`), ['lists/mixed: 192.168.51.10:25\n', 'lists/mixed-all-ports: 192.168.51.9\n'])
  const { packet, warnings } = await judge(t, imported)
  t.same(warnings, [])
  for (const [got, wanted] of rows(packet, `
    192.168.51.9 tcp/1863 203.0.113.5 => drop blocks
    192.168.51.9 tcp/25 203.0.113.5 => drop default
    192.168.51.10 tcp/25 203.0.113.5 => drop blocks
  `)) t.equal(got, wanted)
  t.equal(problem(importBlocklist([file('mixed', '192.168.51.9', '192.168.51.10:25')], { services: ['msnp'], paths: new Map([['mixed', '/x/mixed']]) })), 'mixed: some of its lines have a port and some have none, and `--services` speaks of those without alone')
})

t.test('what cannot be carried over is told with its line', async (t) => {
  const bad = file('b', '192.168.51.9:1863', 'pc7.office.example:25', '192.168.51.300', '10.0.0.0/8:25', '192.168.51.9:0', '192.168.51.9:65536', '192.168.51.9:5900-5910', '192.168.51.9:nosuch', '192.168.51.9:', 'while read IP ; do',
    ' /sbin/iptables -t mangle -A PREROUTING -s $IP -p tcp --dport 1863 -j REJECT', '010.1.2.3:25', '192.168.51.9:25:26', '192.168.51.7:25 # Bob', ':25', '192.168.51.9 1863', '192.168.51.9,192.168.51.10:25')
  const imported = made(importBlocklist([bad], { services: undefined }))
  t.same(told(imported.findings, 'lost'), [
    'b:2 `pc7.office.example` is a name; a block names addresses', 'b:3 `192.168.51.300` is not an address', 'b:4 `10.0.0.0/8` is too large to be written address by address', 'b:5 `0` is not a port from 1 to 65535',
    'b:6 `65536` is not a port from 1 to 65535', 'b:7 `5900-5910` is a range of ports; a block has one', 'b:8 `nosuch` is not a port', 'b:9 no port stands behind the colon', 'b:10 this is a line of a script, not an entry', 'b:11 this is a line of a script, not an entry',
    'b:12 `010.1.2.3` is not an address', 'b:13 `25:26` is a range of ports; a block has one',
    'b:15 no address stands before the colon', 'b:16 `192.168.51.9 1863` is more than one word', 'b:17 `192.168.51.9,192.168.51.10` is more than one word',
  ])
  t.same(told(imported.findings, 'changed'), ['b:14 this line has a # behind its address: the article\'s `grep -v "#"` left it out, here it blocks'])
  t.equal(imported.files[0]?.text, '192.168.51.9:1863\n192.168.51.7:25 # Bob\n')
})

t.test('a policy that names the original reads it as the loader does, and says what that leaves out', async (t) => {
  const imported = made(importBlocklist([file('b', '192.168.51.9:1863', '192.168.51.16/30:25', '192.168.51.9:mysql')], { services: undefined, paths: new Map([['b', '/somewhere/b']]) }))
  t.same(imported.files, [])
  t.same(told(imported.findings, 'lost'), ['b:2 `192.168.51.16/30:25` is a network; a block names one address a line', 'b:3 `192.168.51.9:mysql` is not how a block is written'])
  t.match(imported.findings.map(({ hint }) => hint), [/--write/, /--write/])
  t.equal(imported.draft.blocks?.[0]?.file, '/somewhere/b')
})

t.test('nothing in it: an error, no policy', async (t) => {
  t.equal(problem(importBlocklist([file('b', '# headings', '# alone')], { services: undefined })), 'b: no line of it is an entry')
  t.equal(problem(importBlocklist([file('b', 'nonsense')], { services: undefined })), 'b: no line of it is an entry')
})

t.test('names of files are data', async (t) => {
  const names = ['../../etc/passwd', '__proto__', 'a: b } #', 'any', 'any', '\u202e"', 'x'.repeat(100)]
  const imported = made(importBlocklist(names.map((name) => file(name, '192.168.51.9:25 # "} evil: { file: x\u001b[2J')), { services: undefined }))
  t.same(imported.draft.blocks?.map(({ name }) => name), ['passwd', 'proto', 'a-b', 'blocked-any', 'blocked-any-2', 'blocked', 'x'.repeat(40)])
  t.notOk(imported.files.some(({ path }) => path.includes('..')))
  const { compiled } = await judge(t, imported)
  t.equal(compiled.policy.blocks.length, 7)
})
