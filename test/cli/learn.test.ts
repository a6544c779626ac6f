// `greengate learn`: what is made of a log is accepted by `check`, allows what was observed and nothing beside, and does not let a guard's or a hostile
// client's doing into the policy; with a real gateway: observe, learn, enforce, the same again.
import t from 'tap'
import type { Test } from 'tap'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor, run as greengate } from '../gateway/process.ts'
import { startGateway } from '../programs/gateway.ts'
import { lacks, missingProgram, run } from '../programs/run.ts'
import { openSites } from '../programs/sites.ts'

type Stage = Pick<Test, 'teardown' | 'equal'>

const OBSERVED = 'test/report/observed.jsonl'

interface Told {
  readonly policy: string
  readonly rules: readonly { readonly name: string; readonly hosts: readonly string[]; readonly clients: readonly string[]; readonly methods: readonly string[]; readonly ports: readonly number[]; readonly requests: number; readonly beside: number; readonly first: string }[]
  readonly proxyRule?: string
  readonly packetRules: readonly { readonly name: string; readonly packets: number }[]
  readonly left: readonly { readonly host: string; readonly kind?: string; readonly why: string }[]
  readonly failing: readonly unknown[]
}

async function learned(args: readonly string[]): Promise<Told> {
  const ran = await greengate(['learn', ...args, '--json'])
  if (ran.code !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout) as Told
}

async function checked(t: Stage, text: string, strict = true): Promise<void> {
  const folder = folderFor(t, { 'learned.yaml': text })
  const ran = await greengate(['check', join(folder, 'learned.yaml'), ...(strict ? ['--strict'] : [])])
  t.equal(ran.code, 0, ran.stderr)
}


t.test('the smallest set that allows it, narrow, with evidence, tests and an end', async (t) => {
  const told = await learned(['--log', OBSERVED])
  t.same(told.rules.map(({ hosts, methods, requests }) => `${methods.join()} ${requests} ${hosts.length < 4 ? hosts.join(' ') : hosts.length}`), [
    'CONNECT 99 *.cdn.example.org mail.example.net www.example.com', 'CONNECT 9 9', 'GET 5 deb.mirror.example',
  ])
  t.notMatch(told.policy, '*.github.io', 'no wildcard over a suffix that strangers share')
  t.same(told.failing, [])
  t.same(told.left.map(({ host, kind }) => `${host} ${kind ?? '-'}`).sort(), [
    '169.254.169.254 -', '203.0.114.9 numeric', 'a8f3c9d2e1b4a7c6.example one-off', 'intern.example private', 'nowhere.example -', 'ssh.example not-tls',
  ])
  t.match(told.policy, /# 5 requests of 1 client, first 2026-11-23 \d\d:\d\d, last 2026-11-23/)
  t.match(told.policy, 'without it: denied by web.default')
  t.match(told.policy, /expires: 20\d\d-/)
  t.match(told.policy, 'not-learned.example')
  await checked(t, told.policy)
})

t.test('asked for, it learns the rest too, each as narrow as it can be', async (t) => {
  const told = await learned(['--log', OBSERVED, '--include', 'all', '--expires', 'never', '--exact'])
  t.same(told.failing, [])
  t.same(told.left.map(({ host }) => host).sort(), ['169.254.169.254', 'nowhere.example'], 'what the guard refused is never learned')
  t.match(told.policy, /resolves-to: 10\.1\.2\.3/)
  t.match(told.policy, /host: numeric, to: 203\.0\.114\.9/)
  t.match(told.policy, 'require-tls: false')
  t.notMatch(told.policy, 'expires')
  t.notMatch(told.policy, '*.cdn', 'exact is exact')
  await checked(t, told.policy)
})

t.test('one client alone widens no rule, and asks nothing into it', async (t) => {
  const line = (client: string, host: string, more: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({
    time: '2026-11-23T08:00:00.000Z', event: 'request', client, method: 'CONNECT', target: `${host}:443`, verdict: 'allow', rule: 'web.default', observed: [{ verdict: 'deny', rule: 'web.default' }],
    addresses: ['93.184.215.14'], serverName: host, bytesIn: 10, bytesOut: 10, duration: 1, status: 200, ...more,
  })
  const names = Array.from({ length: 12 }, (_, at) => `leak${at}.evil.example`)
  const lines = [
    ...names.map((name) => line('10.0.0.9', name)), line('10.0.0.9', 'x.example', { target: 'x.example:443 # }\n- {' }), line('not-an-address', 'y.example'),
    line('10.0.0.9', 'z.example', { method: 'GET', target: 'http://z.example/\u2028"}], rules: [' }), line('10.0.0.9', 'w.example', { method: 'GE}T', target: 'http://w.example/' }),
  ]
  const folder = folderFor(t, { 'events.jsonl': `${lines.join('\n')}\n` })
  const told = await learned(['--log', join(folder, 'events.jsonl')])
  t.notMatch(told.policy, '*.evil.example')
  t.equal(told.rules.flatMap(({ hosts }) => hosts).includes('x.example'), false)
  t.notMatch(told.policy, /GE}T|not-an-address|\u2028/)
  await checked(t, told.policy)
})

t.test('a policy is extended: its comments and denials stay, what it allows needs no rule, and it is enforced', async (t) => {
  const folder = folderFor(t, { 'office.yaml': `# the office
version: 1
mode: observe
gateway: { green: { interface: eth0, address: 192.168.51.254/24 }, admin: { mac: "00:1A:2B:3C:4D:5E" } }
rules:
  - { name: web, action: allow, from: 192.168.51.33, to: gateway, services: proxy } # the first PC
web:
  rules:
    - { name: no-images, action: deny, host: [.cdn.example.org] } # on purpose
    - { name: known, action: allow, host: www.example.com }
` })
  const file = join(folder, 'office.yaml')
  const told = await learned(['--log', OBSERVED, '--policy', file])
  t.match(told.policy, '# on purpose')
  t.match(told.policy, 'mode: enforce')
  t.notOk(told.rules.some(({ hosts }) => hosts.some((host) => host.includes('cdn') || host === 'www.example.com')))
  t.equal(told.left.filter(({ why }) => why.startsWith('denied on purpose, by no-images')).length, 9)
  t.match(told.policy, 'from: [ 192.168.51.34/31, 192.168.51.40 ], to: gateway', 'the first PC reaches the proxy already')
  const target = join(folder, 'learned.yaml')
  const write = await greengate(['learn', '--log', OBSERVED, '--policy', file, '--write', target])
  t.match(write.stdout, /rules learned from \d+ of 120 requests/)
  t.equal((await greengate(['check', target, '--strict'])).code, 0)
  t.equal((await greengate(['learn', '--log', OBSERVED, '--policy', file, '--write', target])).code, 2, 'over nothing that is there')
  const again = await greengate(['learn', '--log', OBSERVED, '--policy', target])
  t.match(again.stderr, 'nothing is missing')
})

t.test('drops of the firewall become packet rules, forged and refused ones do not', async (t) => {
  const drop = (source: string, target: string, rest: string, chain = 'GREEN WOULD DROP'): string => `Nov 29 10:00:00 gw kernel: [1.0] ${chain} IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=${source} DST=${target} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF ${rest}`
  const folder = folderFor(t, {
    'office.yaml': `version: 1
mode: observe
gateway: { timezone: UTC, green: { interface: eth0, address: 192.168.51.254/24 }, admin: { mac: "00:1A:2B:3C:4D:5E" } }
rules:
  - { name: no-news, action: deny, to: any, services: nntp }
`,
    'kern.log': [
      drop('192.168.51.5', '203.0.114.25', 'PROTO=TCP SPT=4000 DPT=25'), drop('192.168.51.6', '203.0.114.25', 'PROTO=TCP SPT=4000 DPT=25'), drop('192.168.51.5', '203.0.114.25', 'PROTO=TCP SPT=4001 DPT=25'),
      drop('192.168.51.5', '203.0.114.26', 'PROTO=TCP SPT=4000 DPT=119'), drop('10.9.9.9', '203.0.114.25', 'PROTO=UDP SPT=1 DPT=2'), drop('192.168.51.5', '192.168.51.255', 'PROTO=UDP SPT=137 DPT=137'),
      'Nov 29 10:00:00 gw evil: GREEN WOULD DROP IN=eth0 OUT=eth1 SRC=192.168.51.66 DST=203.0.114.66 PROTO=TCP SPT=1 DPT=66',
    ].join('\n'),
  })
  const told = await learned(['--firewall-log', join(folder, 'kern.log'), '--policy', join(folder, 'office.yaml')])
  t.same(told.packetRules.map(({ packets }) => packets), [3])
  t.match(told.policy, /from: 192\.168\.51\.5-192\.168\.51\.6, to: 203\.0\.114\.25, services: tcp\/25/)
  t.notMatch(told.policy, /10\.9\.9\.9|203\.0\.114\.66|tcp\/119/)
  t.same(told.failing, [])
  await checked(t, told.policy)
})

t.test('what the command line gets wrong is told with its mend', async (t) => {
  for (const [args, said] of [
    [[], 'which log?'], [['--log', OBSERVED, '--expires', 'soon'], 'is no end of a rule'], [['--log', OBSERVED, '--force'], '--write FILE'], [['--log', OBSERVED, '--include', 'everything'], 'Allowed choices'],
  ] as const) {
    const ran = await greengate(['learn', ...args])
    t.equal(ran.code, 2, said)
    t.match(ran.stderr, said)
  }
})

t.test('observe, learn, check, enforce: the same traffic again is allowed, and one thing more is denied', { timeout: 110_000 }, async (t) => {
  if (lacks(t, missingProgram('curl'))) return
  const sites = await openSites(t, (_request, response) => response.end('a page'))
  const port = Number(new URL(sites.https('www')).port)
  const resolvers = /resolvers: .*/.exec(sites.policy())?.[0] ?? ''
  const base = `version: 1\nmode: observe\ngateway: { ${resolvers} }\n`
  // the guard stands in mode observe too: these names are on loopback here
  const lab = `web:\n  connect-ports: [443, ${port}]\n  rules:\n    - { name: lab, action: allow, host: .site.test, resolves-to: 127.0.0.1 }\n`
  const folder = folderFor(t, { 'base.yaml': base })
  const traffic = async (gateway: { readonly url: string }): Promise<readonly string[]> => {
    const asked = [
      [`${sites.http('www')}/a?b`], [`${sites.http('www')}/c`, '-X', 'POST', '-d', 'x'], [`${sites.https('mail')}/`], [`${sites.https('www')}/`], [`${sites.http('files')}/x`, '-I'],
    ]
    const codes: string[] = []
    for (const args of asked) codes.push((await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', sites.authority, '-x', gateway.url, ...args])).stdout)
    return codes
  }
  const observing = await startGateway(t, base + lab)
  t.same(await traffic(observing), ['200', '200', '200', '200', '200'])
  const records = await observing.records((all) => all.length >= 5)
  writeFileSync(join(folder, 'events.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  const file = join(folder, 'learned.yaml')
  const blind = await learned(['--log', join(folder, 'events.jsonl'), '--policy', join(folder, 'base.yaml')])
  t.same([blind.rules.length, blind.left.every(({ kind }) => kind === 'private')], [0, true], 'loopback is not opened unless asked for')
  const made = await greengate(['learn', '--log', join(folder, 'events.jsonl'), '--policy', join(folder, 'base.yaml'), '--include', 'private', '--write', file])
  t.equal(made.code, 0, made.stderr)
  t.equal((await greengate(['check', file, '--strict'])).code, 0)
  const enforcing = await startGateway(t, readFileSync(file, 'utf8'))
  t.same(await traffic(enforcing), ['200', '200', '200', '200', '200'], 'nothing is denied')
  const more = async (...args: readonly string[]): Promise<string> => (await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} %{http_connect}', '--cacert', sites.authority, '-x', enforcing.url, ...args])).stdout
  t.equal(await more(`${sites.http('other')}/`), '403 000', 'another host')
  t.equal(await more(`${sites.http('www')}/`, '-X', 'PUT', '-d', 'x'), '403 000', 'another method')
  t.equal(await more(`${sites.https('files')}/`), '000 403', 'a host in a tunnel that was only asked plainly')
  t.equal(await more('http://127.0.0.1:9/'), '403 000', 'by its number')
  const denied = (await enforcing.records((all) => all.length >= 9)).filter(({ verdict }) => verdict === 'deny')
  t.equal(denied.length, 4)
})
