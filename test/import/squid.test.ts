// Squid's configuration as a policy: Debian's own, and many small ones beside a real Squid, whose verdicts are the truth. Where a line could not come along nothing more may be allowed.
import t from 'tap'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decide } from '../../src/decision/decide.ts'
import { compileSource, loadPolicy } from '../../src/gateway/load.ts'
import { parseWebAsk } from '../../src/decision/ask.ts'
import { policyText } from '../../src/import/draft.ts'
import type { Imported } from '../../src/import/draft.ts'
import { importSquid } from '../../src/import/squid/squid.ts'
import { parseIp } from '../../src/net/ip.ts'
import { run, unable } from '../firewall/root.ts'

const SHIPPED = '/etc/squid/squid.conf'

function made(text: string, more: readonly { readonly name: string; readonly text: string }[] = []): Imported {
  const found = importSquid([{ name: 'squid.conf', text }, ...more])
  if (!('draft' in found)) throw new Error(found.message)
  return found
}

function lost(text: string): readonly string[] {
  return made(text).findings.filter(({ kind }) => kind === 'lost').map(({ origin, message }) => `${origin.line}: ${message}`)
}

interface Ask {
  readonly from: string
  readonly what: string
}

async function verdicts(t: { testdir(content: Record<string, string>): string }, text: string, asks: readonly Ask[]): Promise<readonly string[]> {
  const file = join(t.testdir({ 'p.yaml': text }), 'p.yaml')
  const loaded = await loadPolicy(file, { addresses: [], proxyPort: 3128 })
  if (!loaded.ok) throw new Error(`${text}\n${loaded.diagnostics.map(({ message }) => message).join('\n')}`)
  const compiled = compileSource(loaded.source, { addresses: [], proxyPort: 3128 })
  return asks.map(({ from, what }) => {
    const [method = 'GET', url = ''] = what.split(' ')
    const ask = parseWebAsk(url, method)
    const client = parseIp(from)
    if (!ask.ok || client === undefined) throw new Error(what)
    const { value } = ask
    return decide(compiled, { client: { address: client, mac: undefined }, via: client, now: Date.now(), method: value.method, target: value.target, uri: value.uri, tunnel: value.tunnel, userAgent: 'curl/1', contentType: undefined }).verdict === 'open' ? 'allow' : 'deny'
  })
}


t.test('Debian\'s own configuration', { skip: existsSync(SHIPPED) ? false : 'squid is not installed' }, async (t) => {
  const found = importSquid([{ name: SHIPPED, text: readFileSync(SHIPPED, 'utf8') }, { name: '/etc/squid/conf.d/debian.conf', text: readFileSync('/etc/squid/conf.d/debian.conf', 'utf8') }])
  if (!('draft' in found)) throw new Error(found.message)
  t.same(found.findings.filter(({ kind }) => kind === 'lost'), [])
  t.same(found.draft.web?.connectPorts, ['443'])
  t.same(await verdicts(t, policyText(found.draft), [
    { from: '127.0.0.1', what: 'GET http://www.example.com/' }, { from: '10.0.0.1', what: 'GET http://www.example.com/' }, { from: '127.0.0.1', what: 'GET http://www.example.com:22/' },
    { from: '127.0.0.1', what: 'CONNECT www.example.com:443' }, { from: '127.0.0.1', what: 'CONNECT www.example.com:563' },
  ]), ['allow', 'deny', 'deny', 'allow', 'deny'])
})

t.test('a denial that cannot be said switches the allowances behind it off', async (t) => {
  const text = 'acl all2 src 0.0.0.0/0\nacl busy maxconn 5\nacl staff src 10.0.0.0/8\nhttp_access allow staff\nhttp_access deny busy\nhttp_access allow all2\nhttp_access deny all\n'
  const { draft, findings } = made(text)
  t.match(draft.web?.rules, [{ action: 'allow' }, { action: 'allow', enabled: false }])
  t.match(findings.filter(({ kind }) => kind === 'lost'), [{ origin: { line: 5 }, message: /`busy`: `maxconn` is nothing that a rule/ }])
  t.equal(made('acl busy maxconn 5\nhttp_access deny busy\nhttp_access allow all\n').draft.web?.default, 'deny')
  t.equal(made('acl busy maxconn 5\nhttp_access deny busy\n').draft.web?.default, 'deny', 'the opposite of the last line, and closed all the same')
})

t.test('the last minute of a time counts, as in Squid, and what Squid does not take decides nothing', async (t) => {
  const times = (words: string): unknown => made(`acl w time ${words}\nhttp_access allow w\nhttp_access deny all\n`).draft.schedules
  for (const [words, windows] of [
    ['M 08:00-17:59', ['mon 08:00-18:00']], ['M 08:00-17:00', ['mon 08:00-17:01']], ['A 00:00-23:59', ['sat 00:00-24:00']], ['S 9:05-24:00', ['sun 09:05-24:00']], ['H', ['thu']],
  ] as const) t.same(times(words), [['w-time', windows]].map(([name, all]) => [times(words) instanceof Array ? (times(words) as [string][])[0]?.[0] : name, all]), words)
  for (const words of ['M 22:00-06:00', 'M 08:00-17:60', 'M 08:70-17:00', 'X']) t.same(times(words), [], words)
  t.same(made('acl r src 10.0.0.1-10.0.0.9/32 10.0.1.0-10.0.1.5\nhttp_access allow r\nhttp_access deny all\n').draft.web?.rules[0]?.from, ['10.0.0.1-10.0.0.9', '10.0.1.0-10.0.1.5'])
})

t.test('what has no place is told with its line, and what is foreign stays data', async (t) => {
  t.match(lost('http_access deny all\nauth_param basic program /bin/x\nssl_bump bump all\ninclude /etc/other.conf\nhttp_port 3128 intercept\ncache_mem 8 MB\n'), [/^4: .*names files/, /^2: `auth_param`/, /^3: `ssl_bump`/, /^5: `intercept`/])
  const sly = made('acl x dstdomain a.example"}, evil: {\nacl y url_regex -i x", action: allow }\nhttp_access deny y\nhttp_access allow all\n')
  t.match(policyText(sly.draft), /uri: \["x\\",", /)
  t.match(lost('acl x dstdomain "/etc/names"\nhttp_access deny x\nhttp_access allow all\n')[0], /names`, which was not given: name that file too/)
  t.same(made('acl x dstdomain "/etc/names"\nhttp_access deny x\nhttp_access allow all\n', [{ name: 'names', text: '# c\n.a.example\nb.example # why\n' }]).draft.web?.rules[0]?.host, ['.a.example', 'b.example'])
  t.match(importSquid([{ name: 'x', text: 'hello\n' }]), { message: /no line of it/ })
})

const CONFIGS: readonly (readonly [name: string, text: string])[] = [
  ['names exact and below', 'acl bad dstdomain .bad.example exact.example\nhttp_access deny bad\nhttp_access allow all\n'],
  ['several lines of one name', 'acl bad dstdomain .bad.example\nacl bad dstdomain exact.example\nacl me src 127.0.0.1\nacl me src 127.0.0.3\nhttp_access deny bad\nhttp_access allow me\nhttp_access deny all\n'],
  ['only these names', 'acl good dstdomain .bad.example\nacl me src 127.0.0.1\nhttp_access deny !good\nhttp_access allow me\nhttp_access deny all\n'],
  ['all but these', 'acl bad dstdomain .bad.example\nacl me src 127.0.0.0/31\nhttp_access allow me !bad\nhttp_access deny all\n'],
  ['ports and tunnels', 'acl SSL_ports port 443\nacl Safe_ports port 80 443 1025-65535\nhttp_access deny !Safe_ports\nhttp_access deny CONNECT !SSL_ports\nhttp_access allow all\n'],
  ['expressions', 'acl ads url_regex -i /ads/ ^http://tracker\nacl p urlpath_regex -i ^/secret \\.exe$\nhttp_access deny ads\nhttp_access deny p\nhttp_access allow all\n'],
  ['methods', 'acl post method POST\nacl me src 127.0.0.2\nhttp_access deny post\nhttp_access deny CONNECT me\nhttp_access allow all\n'],
  ['nothing at all', 'acl x src 127.0.0.1\n'],
  ['the opposite of the last', 'acl me src 127.0.0.2\nhttp_access deny me\n'],
  ['the opposite of the last, otherwise', 'acl me src 127.0.0.2\nhttp_access allow me\n'],
  ['host bits', 'acl me src 127.0.0.2/31\nhttp_access allow me\nhttp_access deny all\n'],
  ['a port after an allowance', 'acl me src 127.0.0.2\nacl web port 80\nhttp_access allow me\nhttp_access deny !web\nhttp_access allow all\n'],
]
const ASKS: readonly Ask[] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].flatMap((from) => [
  'GET http://www.bad.example/', 'GET http://bad.example/x', 'GET http://exact.example/', 'GET http://sub.exact.example/', 'GET http://other.example/', 'GET http://other.example/ADS/1', 'GET http://other.example/secret',
  'GET http://other.example/a/secret', 'GET http://tracker.example/', 'GET http://other.example/a.exe', 'GET http://other.example:22/', 'GET http://other.example:8080/', 'POST http://other.example/',
  'CONNECT other.example:443', 'CONNECT other.example:8443', 'CONNECT bad.example:443',
].map((what) => ({ from, what })))

t.test('as a real Squid decides', { skip: unable(['squid', 'curl', 'ip']), timeout: 140_000 }, async (t) => {
  let compared = 0
  for (const [name, text] of CONFIGS) {
    // Squid reads it as a user of its own
    const folder = mkdtempSync(join(tmpdir(), 'gg-squid-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'squid.conf'), `${text}http_port 127.0.0.1:3128\npid_filename none\ncache_log /dev/null\naccess_log none\ncache deny all\nvisible_hostname x\nhosts_file ${join(folder, 'hosts')}\nconnect_timeout 2 seconds\nshutdown_lifetime 0 seconds\nnetdb_filename none\n`)
    // a name that resolves, and where nobody listens: answered at once
    writeFileSync(join(folder, 'hosts'), `127.0.0.1 ${[...new Set(ASKS.map(({ what }) => /(?:\/\/| )([a-z.]+)/.exec(what.replace('http://', ' '))?.[1] ?? ''))].join(' ')}\n`)
    const lines = ASKS.map(({ from, what }) => {
      const [method = '', url = ''] = what.split(' ')
      const target = method === 'CONNECT' ? `-p http://${url}/` : `-X ${method} ${url}`
      return `curl -s -o /dev/null --max-time 8 -w '%{http_connect} %{http_code}\\n' --interface ${from} -x http://127.0.0.1:3128 ${target}`
    })
    const ran = run('unshare', ['-n', '--pid', '--fork', '--kill-child', 'sh', '-c', `ip link set lo up; squid -N -f ${join(folder, 'squid.conf')} & S=$!
for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:3128/ && break; sleep 0.1; done
${lines.join('\n')}
kill -9 $S`])
    const squid = ran.out.trim().split('\n').map((line) => (line.split(' ').includes('403') ? 'deny' : 'allow'))
    t.equal(squid.length, ASKS.length, `${name}: ${ran.err}`)
    const ours = await verdicts(t, policyText(made(text).draft), ASKS)
    ASKS.forEach(({ from, what }, index) => {
      compared++
      if (squid[index] !== ours[index]) t.fail(`${name}: ${from} ${what}: Squid ${squid[index]}, ours ${ours[index]}`)
    })
  }
  t.equal(compared, CONFIGS.length * ASKS.length)
  t.comment(`${compared} verdicts`)
})
