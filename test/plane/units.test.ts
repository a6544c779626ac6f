// The units of systemd: the command of the one that runs at the start, as it stands there, in a fresh namespace.
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { units } from '../../src/gateway/system/units.ts'
import { run, unable } from '../firewall/root.ts'
import { Stage } from '../firewall/stage.ts'
import { Begun, MAIN, OPEN, Stand } from './stand.ts'

const skip = unable(['ip', 'nft', 'flock', 'nsenter'])

/** The words of a command as systemd reads them. */
function execStart(text: string): readonly string[] {
  const found = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? ''
  return [...found.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => (quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '').replaceAll('%%', '%').replaceAll('$$', '$'))
}

t.test('each names this program by its whole path, and gives the proxy no capability', async (t) => {
  const made = units({ program: ['/opt/my node/bin/node', '/opt/100%/$x/main.ts'], policy: '/etc/greengate/office.yaml', user: 'greengate' })
  t.same(made.map(({ name }) => name), ['greengate-firewall.service', 'greengate-keep.service', 'greengate-watch.service', 'greengate-helper.service', 'greengate.service'])
  t.same(execStart(made[0]?.text ?? ''), ['/opt/my node/bin/node', '/opt/100%/$x/main.ts', 'firewall', 'boot', '--policy', '/etc/greengate/office.yaml'])
  t.match(made[0]?.text, /Before=network-pre\.target/)
  t.match(made[4]?.text, /^User=greengate\n[\s\S]*^CapabilityBoundingSet=CAP_NET_BIND_SERVICE$[\s\S]*^NoNewPrivileges=yes$/m)
  const verify = spawnSync('systemd-analyze', ['--version'])
  if (verify.error !== undefined) return
  const folder = t.testdir({})
  const real = units({ program: [process.execPath, MAIN], user: 'root' })
  const ran = run(process.execPath, [MAIN, 'firewall', 'units', '--user', 'root', '--write', folder])
  t.equal(ran.code, 0, ran.err)
  for (const { name, text } of real) {
    t.equal(readFileSync(join(folder, name), 'utf8').replace(/--policy \S+/, ''), text, name)
    const told = run('systemd-analyze', ['verify', '--man=no', join(folder, name)])
    t.notMatch(told.err, new RegExp(`${name}:\\d+`), `${name}: systemd has no objection`)
  }
  t.equal(run(process.execPath, [MAIN, 'firewall', 'units', '--write', folder]).code, 1, 'over nothing that is there')
})

t.test('what catches is a socket of root\'s, handed to the proxy', async (t) => {
  const folder = t.testdir({
    'caught.yaml': 'version: 1\ngateway: { green: { interface: green0, address: 192.168.51.254/24 }, red: { interface: red0 }, proxy: { port: 8000, transparent: true }, admin: { mac: "02:51:00:00:00:ad" } }\n',
    'broken.yaml': 'version: 1\ngateway: { proxy: { transparent: true } }\n',
    units: {},
  })
  const ran = run(process.execPath, [MAIN, 'firewall', 'units', '--policy', join(folder, 'caught.yaml'), '--write', join(folder, 'units')])
  t.equal(ran.code, 0, ran.err)
  t.match(ran.out, /systemctl enable greengate-firewall greengate-keep greengate-watch greengate-transparent\.socket greengate\n$/)
  const socket = readFileSync(join(folder, 'units', 'greengate-transparent.socket'), 'utf8')
  t.match(socket, /^ListenStream=0\.0\.0\.0:8001\nListenStream=\[::\]:8001\nBindIPv6Only=ipv6-only\nTransparent=yes$/m)
  t.match(socket, /^Service=greengate\.service$/m)
  const service = readFileSync(join(folder, 'units', 'greengate.service'), 'utf8')
  t.match(service, /^Wants=.* greengate-transparent\.socket\nAfter=.* greengate-transparent\.socket$/m)
  const broken = run(process.execPath, [MAIN, 'firewall', 'units', '--policy', join(folder, 'broken.yaml')])
  t.equal(broken.code, 4, 'a policy that does not load')
  t.equal(broken.out, '')
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) return
  for (const name of ['greengate-transparent.socket', 'greengate.service']) t.notMatch(run('systemd-analyze', ['verify', '--man=no', join(folder, 'units', name)]).err, new RegExp(`${name.replace('.', '\\.')}:\\d+`), `${name}: systemd has no objection`)
})

t.test('the command of the start loads what was confirmed, in a fresh namespace, and that of the watch writes it anew where it is gone', { skip, timeout: 60_000 }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  stage.add('gw', 'next')
  const stand = new Stand(stage, t.testdir({}))
  const policy = stand.policy('open.yaml', OPEN)
  t.equal(stand.firewall(['apply', '--policy', policy, '--backend', 'nft', '--confirm', '0']).code, 0)
  const printed = run(process.execPath, [MAIN, 'firewall', 'units', '--policy', policy]).out
  const [unit = ''] = printed.split('# ---- greengate-keep.service')
  const [, watching = ''] = printed.split('# ---- greengate-watch.service')
  const words = execStart(unit)
  t.same(words.slice(2), ['firewall', 'boot', '--policy', policy])
  // where the machine's own state would be, in a mount namespace of its own
  const lib = join(stand.state, 'lib')
  mkdirSync(join(lib, 'greengate'), { recursive: true })
  const script = `mount -t tmpfs none /run && mkdir -p /var/lib && mount --bind ${lib} /var/lib && mkdir -p /var/lib/greengate/firewall && chmod 700 /var/lib/greengate/firewall && cp ${stand.state}/*.json /var/lib/greengate/firewall/ && exec "$@"`
  const inside = (...command: readonly string[]): readonly string[] => ['netns', 'exec', stage.space('next'), 'unshare', '-m', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'sh', '-c', script, 'sh', ...command]
  const booted = run('ip', inside(...words))
  t.equal(booted.code, 0, booted.err)
  t.match(booted.out, /^loaded: policy office /)
  const table = stage.must('gw', 'nft -s list table inet greengate')
  t.equal(stage.must('next', 'nft -s list table inet greengate'), table)

  const quoted = (command: readonly string[]): string => command.map((word) => `'${word}'`).join(' ')
  const watched = execStart(watching)
  t.same(watched.slice(2), ['firewall', 'watch', '--repair'])
  // one /run for both: what is in force is kept there
  const watch = new Begun(spawn('ip', inside('sh', '-c', `${quoted(words)} && exec ${quoted(watched)}`), { stdio: ['ignore', 'pipe', 'pipe'], detached: true }))
  await watch.says(/the kernel has what it should have\n/)
  stage.must('next', 'nft delete table inet greengate')
  await watch.says(/repaired: all of our rules were gone/)
  watch.kill('SIGTERM')
  await watch.ended
  t.equal(stage.must('next', 'nft -s list table inet greengate'), table)
})
