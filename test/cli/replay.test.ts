// `greengate replay`: what another policy would have done with what is on record, over our event log and over a Squid's, rotated and packed.
import t from 'tap'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { folderFor, run } from '../gateway/process.ts'

const OFFICE = 'policies/office.yaml'
const ACCESS = 'test/report/access.log'
const POLICY = `version: 1
rules:
  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }
schedules: { lessons: [mon-fri 08:00-12:00] }
gateway: { timezone: UTC }
web:
  default: allow
  rules:
    - { name: no-numeric, action: deny, host: numeric }
    - { name: lessons-only, action: deny, host: [.videos.example], schedule: lessons }
    - { name: no-exe, action: deny, content-type: application/x-msdownload }
    - { name: intern, action: deny, to: [198.51.100.0/24] }
`

interface Told {
  readonly requests: number
  readonly clients: number
  readonly same: number
  readonly asked: number
  readonly first: string
  readonly flips: readonly { readonly from: string; readonly to: string; readonly oldRule: string; readonly newRule: string; readonly requests: number; readonly clients: number; readonly place?: string; readonly assumed: number; readonly examples: readonly { readonly target: string }[] }[]
  readonly left: Readonly<Record<string, number>>
}

function line(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    level: 'info', time: '2026-11-30T09:00:00.000Z', event: 'request', id: 'x', client: '192.168.51.35', clientPort: 1, method: 'GET', target: 'http://www.example/', host: 'www.example', port: 80,
    verdict: 'allow', rule: 'web.default', reason: 'r', addresses: ['93.184.215.14'], status: 200, bytesIn: 1, bytesOut: 2, duration: 3, generation: 1, hash: 'h', worker: 0, ...fields,
  })
}

async function told(args: readonly string[]): Promise<Told> {
  const ran = await run(['replay', ...args, '--json'])
  if (ran.code !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout) as Told
}

t.test('a Squid log beside the office policy: what flips, for whom, and what no policy can say', async (t) => {
  const found = await told([OFFICE, '--log', ACCESS])
  t.equal(found.requests, 9, 'what asked for a password and what was no request are none')
  const by = (rule: string) => found.flips.find(({ newRule }) => newRule === rule)
  t.match(by('no-numeric-hosts'), { from: 'allow', to: 'deny', requests: 3, clients: 2, oldRule: '(not told)' })
  t.match(by('no-numeric-hosts')?.place, /office\.yaml:\d+$/)
  t.match(by('default'), { requests: 1, clients: 1 }, 'MailAccess may not use the proxy')
  t.match(by('(no http request)'), { requests: 1 }, 'ftp through a proxy is not served')
  t.match(by('web.default'), { from: 'deny', to: 'allow', assumed: 1 }, 'no address is known of what Squid denied')
  t.equal(found.same, 3)
  const text = (await run(['replay', OFFICE, '--log', ACCESS])).stdout
  t.match(text, 'would be denied now: 5; would be allowed now: 1; as before: 3')
  t.match(text, 'judged as if the name had a public one')
})

t.test('our own log: times, addresses, media types and observed rules are judged as they were', async (t) => {
  const lines = [
    line({}),
    line({ rule: 'open', target: 'http://a.videos.example/x' }),
    line({ rule: 'open', target: 'http://a.videos.example/x', time: '2026-11-30T13:00:00.000Z' }),
    line({ contentType: 'Application/X-MSDownload; charset=x', target: 'http://www.example/setup.exe' }),
    line({ addresses: ['198.51.100.7', '198.51.100.8'], target: 'http://partner.example/' }),
    line({ observed: [{ verdict: 'deny', rule: 'strict', reason: 'x' }], rule: 'web.default', target: 'http://203.0.113.9/' }),
    line({ method: 'CONNECT', target: 'www.example:443', serverName: 'other.example' }),
    line({ verdict: 'deny', rule: 'limits' }), line({ verdict: 'deny', rule: 'server-name' }),
    line({ verdict: 'error', rule: '-', error: 'dns_error' }), line({ verdict: 'error', rule: '-' }),
    line({ client: 'c-7f3a' }),
    JSON.stringify({ level: 'info', time: '2026-11-30T09:00:00.000Z', event: 'reloaded' }),
    '{"event":"request","client":5}',
  ]
  const folder = folderFor(t, { 'events.jsonl': `${lines.join('\n')}\n`, 'new.yaml': POLICY })
  const file = join(folder, 'events.jsonl')
  const found = await told([join(folder, 'new.yaml'), '--log', file])
  const flips = found.flips.map(({ oldRule, newRule, from, requests }) => `${from} ${oldRule} > ${newRule} ${requests}`).sort()
  t.same(flips, [
    'allow open > lessons-only 1', 'allow strict (observed) > private 1', 'allow web.default > intern 1', 'allow web.default > no-exe 1', 'allow web.default > server-name 1',
  ].map((each) => each.replace('> private', '> no-numeric')).sort())
  t.equal(found.same, 2)
  t.same(Object.values(found.left).sort(), [1, 1, 1, 1, 1], 'what no policy decides is counted apart')
  t.match((await run(['replay', join(folder, 'new.yaml'), '--log', file])).stderr, '1 line is neither')
})

t.test('what was rotated and packed belongs to it, and equal facts are asked once', async (t) => {
  const folder = folderFor(t, { 'new.yaml': POLICY, 'events.jsonl': `${line({})}\n`.repeat(3) })
  const file = join(folder, 'events.jsonl')
  writeFileSync(`${file}.1`, `${line({})}\n${line({})}`)
  writeFileSync(`${file}.2.gz`, gzipSync(`${line({})}\n${line({ time: '2026-11-01T09:00:00.000Z' })}\n`))
  writeFileSync(join(folder, 'events.jsonl.old'), `${line({})}\n`)
  const found = await told([join(folder, 'new.yaml'), '--log', file])
  t.match(found, { requests: 7, clients: 1, first: '2026-11-01T09:00:00.000Z' })
  t.match(await told([join(folder, 'new.yaml'), '--log', file, '--log', `${folder}/./events.jsonl`, '--log', `${file}.1`]), { requests: 7 }, 'a file is read once, whatever it is called')
  t.ok(found.asked <= 2, 'one question for each stretch of time')
  t.match(await told([join(folder, 'new.yaml'), '--log', file, '--since', '2026-11-20']), { requests: 6 })
  for (const more of ['events.jsonl.3.xz', 'events.jsonl.old.xz', 'other.jsonl.3.xz']) writeFileSync(join(folder, more), 'x')
  const strange = await run(['replay', join(folder, 'new.yaml'), '--log', file])
  t.match(strange.stderr, /events\.jsonl\.3\.xz is not read/)
  t.notMatch(strange.stderr, /old|other/)
  writeFileSync(`${file}.2.gz`, gzipSync(Buffer.from(`${line({})}\n`.repeat(1000))).subarray(0, 80))
  const cut = await run(['replay', join(folder, 'new.yaml'), '--log', file])
  t.equal(cut.code, 0)
  t.match(cut.stderr, 'could be read in part only')
})

t.test('nothing read is no quiet week, and nothing meant is none either', async (t) => {
  const folder = folderFor(t, { 'new.yaml': POLICY, 'cut.jsonl': `${line({ time: '2026-11-01T09:00:00.000Z' })}\n${line({}).slice(0, 60)}` })
  const [policy, packed, cut] = ['new.yaml', 'packed.gz', 'cut.jsonl'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(packed, gzipSync(`${line({})}\n`).subarray(0, 30))
  for (const args of [['replay', policy, '--log', packed], ['learn', '--log', folder], ['report', '--log', packed], ['log', '--file', packed]]) {
    const ran = await run(args)
    t.equal(ran.code, 1, args.join(' '))
    t.match(ran.stderr, /nothing of .* could be read/)
    t.equal(ran.stdout, '')
  }
  // what is older than was asked for was understood all the same
  const none = await run(['replay', policy, '--log', cut, '--since', '2026-11-02'])
  t.match(none, { code: 0, stdout: 'no request in the log' })
})

t.test('what cannot be answered is an error of use, with its mend', async (t) => {
  const folder = folderFor(t, { 'new.yaml': POLICY, 'noise.log': 'hello\nworld\n' })
  const policy = join(folder, 'new.yaml')
  for (const [args, said] of [
    [[policy], 'which log?'], [[policy, '--log', join(folder, 'none')], 'cannot be read'], [[policy, '--log', ACCESS, '--since', 'soon'], 'is no time'],
    [[policy, '--log', join(folder, 'noise.log')], 'no line of the log could be understood'],
  ] as const) {
    const ran = await run(['replay', ...args])
    t.equal(ran.code, 2, said)
    t.match(ran.stderr, said)
  }
  t.equal((await run(['replay', join(folder, 'absent.yaml'), '--log', ACCESS])).code, 4)
  t.match((await run(['replay', policy, '--log', '/dev/null'])).stdout, 'no request in the log')
})

t.test('names from a log cannot rule the terminal', async (t) => {
  const folder = folderFor(t, { 'new.yaml': POLICY, 'events.jsonl': `${line({ client: '10.0.0.1', target: 'http://www.example/\u001b[2Jx\u202e' })}\n` })
  const ran = await run(['replay', join(folder, 'new.yaml'), '--log', join(folder, 'events.jsonl')])
  t.notMatch(ran.stdout, /[\u001b\u202e]/)
})

t.test('combined lines of Squid, and native ones behind a syslog prefix', async (t) => {
  const native = readFileSync(ACCESS, 'utf8').split('\n')[0] ?? ''
  const lines = [
    `Nov 30 09:00:00 proxy (squid-1)[77]: ${native}`,
    '192.168.51.36 - - [30/Nov/2026:09:00:00 +0100] "CONNECT 203.0.113.9:443 HTTP/1.1" 200 39 "-" "Mozilla/5.0 (\\"x\\")" TCP_TUNNEL:HIER_DIRECT',
    '192.168.51.36 - bob [30/Nov/2026:09:00:00 +0100] "GET http://www.example/ HTTP/1.1" 403 39 "-" "curl/8" TCP_DENIED:HIER_NONE',
  ]
  const folder = folderFor(t, { 'new.yaml': POLICY, 'access.log': `${lines.join('\n')}\n` })
  const found = await told([join(folder, 'new.yaml'), '--log', join(folder, 'access.log')])
  t.match(found, { requests: 3, same: 1 })
  t.same(found.flips.map(({ from, newRule }) => `${from} ${newRule}`).sort(), ['allow no-numeric', 'deny web.default'])
})
