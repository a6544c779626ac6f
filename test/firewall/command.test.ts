// `greengate firewall` as it is typed: what it prints, what it tells, and its exit code.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './root.ts'
import type { Ran } from './root.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

function firewall(...args: readonly string[]): Ran {
  return run(process.execPath, [MAIN, 'firewall', ...args])
}

const folder = t.testdir({})
function policy(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const GREEN = policy('green.yaml', `version: 1
web: { default: allow }
gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  red: { interface: eth1 }
  admin: { mac: "00:1a:2b:3c:4d:5e" }
  timezone: Europe/Berlin
schedules: { lessons: [mon-fri 08:00-12:00] }
rules:
  - { name: mail, action: allow, from: green, to: internet, services: smtp, schedule: lessons, remark: "x\\" -j ACCEPT\\n-A GG_INPUT -j ACCEPT $(reboot)" }
  - { name: web, action: allow, from: green, to: gateway, services: proxy }
`)
const BARE = policy('bare.yaml', 'version: 1\nweb: { default: allow }\n')

t.test('each format is printed, the default is iptables, and its head names what loads and unloads it', async (t) => {
  t.match(firewall('--policy', GREEN).out, /^# greengate firewall: [\s\S]*iptables-restore --noflush[\s\S]*iptables-save -c \| grep[\s\S]*\n\*filter\n/)
  t.match(firewall('--policy', GREEN, '--format', 'ip6tables').out, /ip6tables-restore --noflush[\s\S]*\n\*filter\n/)
  t.match(firewall('--policy', GREEN, '--format', 'nft').out, /^#!\/usr\/sbin\/nft -f\n[\s\S]*nft delete table inet greengate[\s\S]*\nadd table inet greengate\nflush table inet greengate\n/)
  t.match(firewall('--policy', GREEN, '--format', 'script').out, /^#!\/bin\/sh\n/)
})

t.test('--at prints what holds then, and what depends on time is told with its next edge', async (t) => {
  const open = firewall('--policy', GREEN, '--at', '2026-11-20T09:00')
  t.match(open.out, /gg:rule:mail/)
  t.match(open.out, /# holds at: 2026-11-20T09:00:00\+01:00\n/)
  t.match(open.err, /green\.yaml:10:5: note: rule `mail` holds until 2026-11-20T12:00:00\+01:00/)
  const shut = firewall('--policy', GREEN, '--at', '2026-11-20T12:00')
  t.notMatch(shut.out, /gg:rule:mail/)
  t.match(shut.out, /# left out: rule mail: outside its schedule\n/)
  t.match(shut.err, /note: rule `mail` is left out until 2026-11-23T08:00:00\+01:00/)
  t.equal(firewall('--policy', GREEN, '--at', 'noon').code, 2)
})

t.test('another meaning is another generation, the same meaning the same one', async (t) => {
  const generation = (...args: readonly string[]): string | undefined => /generation (\d+)/.exec(firewall('--policy', GREEN, ...args).out)?.[1]
  const lessons = generation('--at', '2026-11-20T09:00')
  t.equal(generation('--at', '2026-11-20T10:00'), lessons)
  t.not(generation('--at', '2026-11-20T13:00'), lessons)
  t.equal(generation('--generation', '9'), '9')
  t.equal(firewall('--policy', GREEN, '--generation', '255').code, 2)
})

t.test('the port in use stands where the file says proxy', async (t) => {
  t.match(firewall('--policy', GREEN, '--port', '8080').out, /--dport 8080 .*gg:rule:web/)
})

t.test('no remark reaches a rule', async (t) => {
  const { out } = firewall('--policy', GREEN, '--format', 'script', '--at', '2026-11-20T09:00')
  t.notMatch(out, /reboot|GG_INPUT -j ACCEPT/)
})

t.test('without green the rules of a gateway cannot be: 4, and the way out', async (t) => {
  const { code, out, err } = firewall('--policy', BARE)
  t.equal(code, 4)
  t.equal(out, '')
  t.match(err, /error: `[^`]*bare\.yaml` gives no `gateway\.green`[\s\S]*--mode client --proxy ADDR:PORT/)
})

t.test('an interface that the back ends would read as more than one is refused', async (t) => {
  const wild = policy('wild.yaml', 'version: 1\nweb: { default: allow }\ngateway: { green: { interface: "eth+", address: 192.168.51.254/24 }, admin: { mac: "00:1a:2b:3c:4d:5e" } }\n')
  const { code, out, err } = firewall('--policy', wild)
  t.equal(code, 4)
  t.equal(out, '')
  t.match(err, /eth\+/)
})

t.test('a single machine', async (t) => {
  const { code, out } = firewall('--policy', BARE, '--mode', 'client', '--proxy', '192.0.2.254:800', '--user', '13')
  t.equal(code, 0)
  t.match(out, /# mode: client, enforce\n/)
  t.match(out, /-A GG_OUTPUT -d 192\.0\.2\.254\/32 -p tcp -m tcp --dport 800 -m owner --uid-owner 13 /)
  t.match(firewall('--policy', BARE, '--mode', 'client', '--proxy', '127.0.0.1:800').err, /add `--user NAME`/)
})

t.test('a command line that does not fit together: 2, and why', async (t) => {
  for (const args of [
    ['--mode', 'client'], ['--proxy', '192.0.2.1:800'], ['--user', 'root'], ['--mode', 'client', '--proxy', 'proxy.example:800'], ['--mode', 'client', '--proxy', '192.0.2.1'],
    ['--mode', 'client', '--proxy', '192.0.2.1:800', '--user', 'nobody-of-that-name'], ['--format', 'pf'], ['--colour'],
    ['--mode', 'client', '--proxy', '192.0.2.1:800', '--user', '4294967295'], ['--mode', 'client', '--proxy', '0.0.0.0:800'], ['--mode', 'client', '--proxy', '[ff02::1]:800'], ['--port', '0'],
  ]) {
    const { code, out, err } = firewall('--policy', GREEN, ...args)
    t.equal(code, 2, args.join(' '))
    t.equal(out, '')
    t.not(err, '')
  }
})

t.test('a policy with errors: 4, and its diagnostics', async (t) => {
  const { code, err } = firewall('--policy', policy('bad.yaml', 'version: 1\nrulez: []\n'))
  t.equal(code, 4)
  t.match(err, /bad\.yaml:2:1: error:/)
})

t.test('a word that is no sub-command is told as one that is misspelt', async (t) => {
  t.match(firewall('aply', '--policy', GREEN), { code: 2, out: '', err: /^greengate: `firewall` has no `aply`\n  did you mean `firewall apply`\?\n/ })
  t.match(firewall('--policy', GREEN, 'nonsense'), { code: 2, out: '', err: /`firewall` has no `nonsense`/ })
})
