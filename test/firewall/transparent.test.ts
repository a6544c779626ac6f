// The transparent proxy, whole: clients that know of no proxy ask a site's address, curl over HTTP and TLS; the rules catch it, the proxy on a
// socket that was handed to it judges name and address, and the site answers. What a rule decides goes its own way; nobody asks the catching port.
import t from 'tap'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, unable } from './root.ts'
import { Stage, TRANSPARENT, office } from './stage.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'curl', 'openssl', 'setpriv', 'perl'])
const PROXY_UID = 13
const RED = '203.0.113.25'
const RED6 = '2001:db8:113::25'
const GATEWAY = '192.168.51.254'

const POLICY = `version: 1
name: transparent
gateway:
  green: { interface: green0, address: [${GATEWAY}/24, "fd00:51::254/64"] }
  red: { interface: red0, masquerade: false }
  proxy: { port: 800, transparent: true, user: "${PROXY_UID}" }
  admin: { mac: "02:51:00:00:00:ad" }
addresses:
  Web: [192.168.51.35, "fd00:51::35"]
rules:
  - { name: direct, action: allow, from: 192.168.51.36, to: ${RED}, services: http, direct: true }
  - { name: web, action: allow, from: [Web, 192.168.51.36], to: gateway, services: proxy }
web:
  default: deny
  rules:
    - { name: no-numbers, action: deny, host: numeric }
    - { name: closed, action: deny, host: closed.test, reason: Not this one }
    - { name: slow, action: limit, rate: 100kB/s, host: slow.test, resolves-to: [203.0.113.0/24, "2001:db8:113::/64"] }
    - { name: other-network, action: deny, host: moved.test, to: 203.0.113.0/24 }
    - { name: here, action: allow, resolves-to: [203.0.113.0/24, "2001:db8:113::/64"] }
`

interface Record {
  readonly event: string
  readonly client?: string
  readonly host?: string
  readonly rule?: string
  readonly verdict?: string
  readonly address?: string
  readonly method?: string
  readonly error?: string
  readonly serverName?: string
}

for (const format of ['script', 'nft'] as const) {
  t.test(`caught by the rules of --format ${format}`, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    const folder = mkdtempSync(join(tmpdir(), 'greengate-transparent-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    chmodSync(folder, 0o755)
    const file = join(folder, 'policy.yaml')
    writeFileSync(file, POLICY)
    const made = run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert'), '-days', '2', '-subj', '/CN=site'])
    if (made.code !== 0) throw new Error(made.err)

    await office(stage, [
      { name: 'h35', addresses: ['192.168.51.35/24', 'fd00:51::35/64'] }, { name: 'h36', addresses: ['192.168.51.36/24', 'fd00:51::36/64'] },
      { name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'] },
    ])
    // as in the office: the way back to Green is the gateway's, so that who goes past the proxy is seen by his own address
    await stage.web('red', [RED, RED6], join(folder, 'key'), join(folder, 'cert'))

    const main = [process.execPath, join(ROOT, 'src', 'main.ts')].join(' ')
    const text = stage.must('gw', `${main} firewall --policy ${file} --format ${format}`)
    stage.must('gw', format === 'script' ? 'sh -s' : 'nft -f -', text)
    if (format === 'nft') stage.must('gw', [...text.matchAll(/^# what is caught needs, once: (.*)$/gm)].map((match) => match[1]).join('; '))
    stage.must('gw', 'sysctl -q -w net.ipv4.ip_unprivileged_port_start=0')
    const own = join(folder, 'run')
    stage.must('gw', `mkdir ${own}`)
    chownSync(own, PROXY_UID, PROXY_UID)
    const hosts = join(folder, 'hosts')
    writeFileSync(hosts, `${RED} site.test closed.test moved.test\n${RED6} site.test\n`)
    const gateway = stage.start('gw', 'unshare', [
      '-m', 'sh', '-c', `mount --bind ${hosts} /etc/hosts && exec "$@"`, 'sh', 'perl', TRANSPARENT, '801', 'setpriv', `--reuid=${PROXY_UID}`, `--regid=${PROXY_UID}`, '--clear-groups', process.execPath, join(ROOT, 'src', 'main.ts'),
      'serve', '--policy', file, '--event-log', join(own, 'events'), '--pid-file', join(own, 'pid'),
    ], { stderr: 'pipe' })
    await stage.said(gateway, 'listening', 'stderr')

    const curl = (space: string, words: string): string => {
      const { out, code } = stage.exec(space, `curl -s -k -m 3 --noproxy '*' ${words}`)
      return code === 0 ? out.trim() : `curl ${code}`
    }
    const at = (host: string, port: number, address = RED): string => `--resolve ${host}:${port}:${address} ${port === 443 ? 'https' : 'http'}://${host}/`
    const records = (): readonly Record[] => readFileSync(join(own, 'events'), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record).filter(({ event }) => event === 'request')
    const recorded = async (wanted: Record): Promise<void> => {
      const matches = (record: Record): boolean => Object.entries(wanted).every(([key, value]) => record[key as keyof Record] === value)
      for (let tries = 0; tries < 40 && !records().some(matches); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
      t.ok(records().some(matches), `recorded: ${JSON.stringify(wanted)}`)
    }

    t.equal(curl('h35', at('site.test', 80)), 'http site.test for 203.0.113.1', 'HTTP, and the site sees the gateway')
    await recorded({ event: 'request', client: '192.168.51.35', method: 'GET', host: 'site.test', verdict: 'allow', rule: 'here', address: RED })
    t.equal(curl('h35', at('site.test', 443)), 'https site.test for 203.0.113.1', 'TLS')
    await recorded({ event: 'request', client: '192.168.51.35', method: 'CONNECT', host: 'site.test', serverName: 'site.test', verdict: 'allow', rule: 'here', address: RED })
    t.equal(curl('h35', at('site.test', 80, `[${RED6}]`)), 'http site.test for 2001:db8:113::1', 'over IPv6 too')
    t.equal(curl('h35', at('site.test', 443, `[${RED6}]`)), 'https site.test for 2001:db8:113::1')

    t.match(curl('h35', at('closed.test', 80)), /Not this one/, 'a name that is denied, over HTTP: the page')
    t.equal(curl('h35', at('closed.test', 443)), 'curl 35', 'over TLS: an alert')
    await recorded({ event: 'request', method: 'CONNECT', host: 'closed.test', verdict: 'deny', rule: 'closed' })
    t.match(curl('h35', at('moved.test', 80)), /other-network/, 'the address is judged as well')
    for (const [port, scheme] of [[80, 'http'], [443, 'https']] as const) t.match(curl('h35', at('site.test', port, '203.0.113.77')), new RegExp(`^${scheme} site\\.test for (?:203\\.0\\.113\\.1|2001:db8:113::1)$`), `a name that has not the address that was asked (${port}): its own is dialled`)
    t.equal(curl('h35', `-o /dev/null -w '%{http_code}' ${at('nowhere.test', 80)}`), '502', 'a name that has none')
    t.notOk(records().some(({ address }) => address === '203.0.113.77'), 'by no name to an address of the client\'s choice')
    t.match(curl('h35', `http://${RED}/`), /no-numbers/, 'a number')
    t.equal(curl('h35', `https://${RED}/`), 'curl 35', 'a hello that names nobody is judged by its address')
    await recorded({ event: 'request', method: 'CONNECT', host: RED, verdict: 'deny', rule: 'no-numbers' })
    t.equal(curl('h35', `-o /dev/null -w '%{http_code}' -H 'Host: 203.0.113.77' http://${RED}/`), '400', 'a Host of another address')
    t.equal(curl('h35', `-o /dev/null -w '%{http_code}' -H 'Host: site.test:81' http://${RED}/`), '400', 'a Host of another port')
    t.equal(curl('h35', `-o /dev/null -w '%{http_code}' -H 'Host: closed.test' --request-target http://site.test/ http://${RED}/`), '400', 'a target that is not the Host\'s')
    t.equal(curl('h35', `-o /dev/null -w '%{http_code}' -X CONNECT --request-target site.test:443 http://${RED}/`), '400', 'a CONNECT is for proxies')

    t.equal(curl('h36', at('site.test', 80)), 'http site.test for 192.168.51.36', 'what a rule allows directly is not caught')
    t.equal(curl('h36', at('site.test', 443)), 'https site.test for 203.0.113.1', 'the rest is')
    t.equal(curl('h25', at('site.test', 80)), 'curl 28', 'who may not use the proxy is not caught either, and goes nowhere')
    t.match(stage.exec('h35', `curl -s -m 3 --noproxy '' -x http://${GATEWAY}:800 http://closed.test/`).out, /Not this one/, 'who knows the proxy asks it as ever')

    t.same(await stage.probe('h35', [{ protocol: 'tcp', host: GATEWAY, port: 801 }, { protocol: 'tcp', host: 'fd00:51::254', port: 801 }]), ['silence', 'silence'], 'nobody asks the catching port: the rules')
    t.same(await stage.probe('gw', [{ protocol: 'tcp', host: '127.0.0.1', port: 801 }, { protocol: 'tcp', host: GATEWAY, port: 801 }]), ['reset', 'reset'], 'and the proxy, where the rules let it')

    stage.must('gw', `sed -i 's/transparent: true, //' ${file}`)
    stage.must('gw', `kill -HUP $(cat ${join(own, 'pid')})`)
    for (let tries = 0; tries < 40 && curl('h35', at('site.test', 80)).includes('for'); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    t.match(curl('h35', at('site.test', 80)), /^curl (7|52|55|56)$/, 'a policy that catches no more: the proxy serves nobody there')
  })
}
