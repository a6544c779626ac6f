// The article to its end: the shipped office policy, its rules printed by the command and loaded, its proxy on port 800 run by the user
// that the policy names; .35 browses through it, .25 cannot reach it, and nobody goes round it.
import t from 'tap'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'curl', 'setpriv'])

const HOSTS = [
  { name: 'h35', addresses: ['192.168.51.35/24', 'fd00:51::35/64'] },
  { name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'] },
]
const PROXY_UID = 13
const RED = '203.0.113.25'

/** The shipped policy on this stage: its interfaces, its user and name server; the documentation range opened, where the test's site is. */
function policy(): string {
  const shipped = readFileSync(join(ROOT, 'policies', 'office.yaml'), 'utf8')
  const changes: readonly (readonly [string | RegExp, string])[] = [
    ['interface: eth0', 'interface: green0'], ['interface: eth1', 'interface: red0'], [/user: \w+/, `user: "${PROXY_UID}"`],
    [/\n {2}timezone:/, `\n  resolvers: [${RED}]\n  timezone:`],
    [/\nweb:\n([\s\S]*?) {2}rules:\n([\s\S]*?)\n\n/, '\nweb:\n$1  rules:\n$2\n    - { name: here, action: allow, resolves-to: [203.0.113.0/24] }\n\n'],
  ]
  return changes.reduce((text, [from, to]) => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`office.yaml has no ${String(from)}`)
    return changed
  }, shipped)
}

for (const format of ['script', 'nft'] as const) {
  t.test(`through the rules of --format ${format}`, { skip, timeout: 90_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    const folder = t.testdir({})
    chmodSync(folder, 0o755)
    const file = join(folder, 'office.yaml')
    writeFileSync(file, policy())
    await office(stage, HOSTS)
    await stage.listen('red', 'red', [25, 110, 443], [443])
    await stage.site('red', RED)

    const main = [process.execPath, join(ROOT, 'src', 'main.ts')].join(' ')
    const text = stage.must('gw', `${main} firewall --policy ${file} --format ${format}`)
    stage.must('gw', format === 'script' ? 'sh -s' : 'nft -f -', text)
    stage.must('gw', 'sysctl -q -w net.ipv4.ip_unprivileged_port_start=0')
    // its own folder for PID file and control socket, where its user may write
    const runFolder = mkdtempSync(join(tmpdir(), 'greengate-run-'))
    chownSync(runFolder, PROXY_UID, PROXY_UID)
    t.teardown(() => rmSync(runFolder, { recursive: true }))
    const gateway = stage.start('gw', 'setpriv', [
      `--reuid=${PROXY_UID}`, `--regid=${PROXY_UID}`, '--clear-groups', process.execPath, join(ROOT, 'src', 'main.ts'),
      'serve', '--policy', file, '--workers', '1', '--event-log', 'none', '--pid-file', join(runFolder, 'pid'),
    ], { stderr: 'pipe' })
    await stage.said(gateway, 'listening', 'stderr')

    const curl = (space: string, words: string): string => {
      const { out, code } = stage.exec(space, `curl -s -m 2 --noproxy '' ${words}`)
      return code === 0 ? out.trim() : `curl ${code}`
    }
    const through = '-x http://192.168.51.254:800'
    t.equal(curl('h35', `${through} http://www.site.example/`), 'www.site.example for 203.0.113.1', '.35 browses')
    t.equal(curl('h35', `${through} -o /dev/null -w '%{http_code}' http://${RED}/`), '403', 'but not to a number')
    t.equal(curl('h25', `${through} http://www.site.example/`), 'curl 28', '.25 cannot reach the proxy')
    t.equal(curl('h35', `http://${RED}/`), 'curl 28', '.35 does not go round it')
    t.equal(curl('h35', 'http://[2001:db8:113::25]/'), 'curl 28', 'nor over IPv6')
    t.equal(curl('gw', `http://${RED}/`), 'curl 7', 'nor does root on the gateway')
    t.same((await stage.probe('h25', [{ protocol: 'tcp', host: RED, port: 25 }, { protocol: 'tcp', host: RED, port: 110 }, { protocol: 'tcp', host: RED, port: 443 }, { protocol: 'udp', host: RED, port: 443 }]))
      .map((each) => each.split(':')[0]), ['red', 'red', 'silence', 'refused'], '.25 has its mail')
  })
}
