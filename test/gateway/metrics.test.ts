// Figures of a running gateway: by its control socket, by Prometheus and by a load balancer. They must be the sum over all workers, live on when one
// dies, and be told to nobody outside.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { askControl, askFigures } from '../../src/gateway/control.ts'
import { metricsAddress } from '../../src/gateway/metrics-server.ts'
import { Stats } from '../../src/gateway/stats.ts'
import type { Tally } from '../../src/gateway/tally.ts'
import { OPEN_POLICY, ask, folderFor, origin, run, serve, until } from './process.ts'

interface Answer {
  readonly status: number
  readonly body: string
}

function get(port: number, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers, method }, (message) => {
      let body = ''
      message.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      message.on('end', () => resolve({ status: message.statusCode ?? 0, body }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function metricsPort(line: string): number {
  return Number(/metrics on \S*:(\d+),/.exec(line)?.[1])
}

const POLICY = `${OPEN_POLICY.replace('  rules:\n', '  rules:\n    - { name: listed, action: deny, list: [ads, others] }\n')}lists:\n  ads: { domains: ads }\n  others: { domains: others }\nlimits: { tunnels-per-client: 1 }\n`

t.test('requests by verdict and rule, over all workers, in all three ways', async (t) => {
  const { port: target } = await origin(t)
  const folder = folderFor(t, { 'p.yaml': POLICY, ads: 'ads.example\n', others: 'other.example\n' })
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', '0', '--workers', '3', '--event-log', 'none', '--pid-file', pid, '--metrics', '127.0.0.1:0', '--store', join(folder, 's.db')])
  const metrics = metricsPort(gateway.line)
  for (let each = 0; each < 12; each++) await ask(gateway.port, `http://127.0.0.1:${target}/`)
  for (let each = 0; each < 5; each++) await ask(gateway.port, `http://127.0.0.1:${target}/closed`)
  await ask(gateway.port, 'http://www.ads.example/')
  const open = connect(gateway.port, '127.0.0.1', () => open.write(`CONNECT 127.0.0.1:${target} HTTP/1.1\r\nHost: 127.0.0.1:${target}\r\n\r\n`))
  await new Promise((resolve) => open.once('data', resolve))
  const second = connect(gateway.port, '127.0.0.1', () => second.write(`CONNECT 127.0.0.1:${target} HTTP/1.1\r\nHost: 127.0.0.1:${target}\r\n\r\n`))
  t.match(await new Promise((resolve) => second.once('data', (chunk) => resolve(chunk.toString()))), / 429 /)
  second.destroy()

  t.same(await get(metrics, '/ready'), { status: 200, body: 'ready\n' })
  const text = (await get(metrics, '/metrics')).body
  t.match(text, /^greengate_requests_total\{verdict="allow",rule="local"\} 12$/m)
  t.match(text, /^greengate_requests_total\{verdict="deny",rule="closed"\} 5$/m)
  t.match(text, /^greengate_limits_hit_total\{limit="tunnels-per-client"\} 1$/m)
  t.match(text, /^greengate_list_hits_total\{list="ads"\} 1$/m)
  t.match(text, /^greengate_list_hits_total\{list="others"\} 0$/m)
  t.match(text, /^greengate_tunnels 1$/m)
  t.match(text, /^greengate_generation 1$/m)
  t.match(text, /^greengate_workers 3$/m)
  t.match(text, /^greengate_store_up 1$/m)
  t.match(text, /^greengate_store_queue_characters \d+$/m)
  t.match(text, /^greengate_store_lost_total 0$/m)
  for (const line of text.split('\n').filter((each) => each !== '')) t.match(line, /^(?:# (?:HELP|TYPE) greengate_\w+ .+|greengate_\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? [\d.e+]+)$/, 'the text format')

  const socket = join(folder, 'g.sock')
  writeFileSync(join(folder, 'p.yaml'), `${POLICY}nonsense: 1\n`)
  t.notOk((await askControl(socket, { command: 'reload' })).ok)
  writeFileSync(join(folder, 'p.yaml'), POLICY)
  t.ok((await askControl(socket, { command: 'reload' })).ok)
  const told = await askFigures(socket)
  t.match(told, { state: 'ready', policy: { generation: 2, name: 'open' }, reloads: { loaded: 1, refused: 1, last: { ok: true } }, tunnels: 1, workers: { running: 3, wanted: 3, lost: 0 } })
  t.equal(told.requests.find(({ rule }) => rule === 'local')?.count, 12)
  const json = await run(['status', '--json', '--pid-file', pid])
  t.equal(json.code, 0)
  t.match(JSON.parse(json.stdout), { port: gateway.port, limits: [{ limit: 'tunnels-per-client', count: 1 }] })
  const shown = await run(['status', '--pid-file', pid])
  t.match(shown.stdout, /^requests +12 allowed, 7 denied, 0 failed/m)
  t.match(shown.stdout, /^reloads +1 taken, 1 refused; the last .*, taken$/m)
  t.match(shown.stdout, /^deny +closed +5$/m)

  // draining: no more requests, and the one tunnel is left its time
  gateway.child.kill('SIGTERM')
  await until('draining is told', () => gateway.stderr().includes('no new connections'))
  t.same(await get(metrics, '/ready'), { status: 503, body: 'draining\n' })
  t.match((await get(metrics, '/metrics')).body, /^greengate_ready 0$/m)
  open.destroy()
  t.equal((await gateway.ended).code, 0)
})

t.test('who is led there by a name of strangers, or asks for something else, learns nothing', async (t) => {
  const folder = folderFor(t, { 'p.yaml': `${OPEN_POLICY}gateway: { names: [proxy.office.example] }\n` })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', '0', '--workers', '1', '--event-log', 'none', '--pid-file', join(folder, 'g.pid'), '--metrics', '127.0.0.1:0'])
  const metrics = metricsPort(gateway.line)
  t.equal((await get(metrics, '/metrics', { host: `evil.example:${metrics}` })).status, 421)
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:9', 'greengate:9900', 'proxy.office.example']) t.equal((await get(metrics, '/metrics', { host })).status, 200, host)
  t.equal((await get(metrics, '/ready', { host: 'any.example' })).status, 200)
  t.equal((await get(metrics, '/')).status, 404)
  t.equal((await get(metrics, '/metrics', {}, 'POST')).status, 405)
  t.same(await get(metrics, '/metrics', {}, 'HEAD'), { status: 200, body: '' })
})

t.test('local addresses alone, and one that is free', async (t) => {
  for (const [text, said] of [['0.0.0.0:9900', /every address/], ['[::]:9900', /every address/], ['203.0.113.5:9900', /not one/], ['8.8.8.8:9900', /public/], ['[2001:4860::1]:9900', /public/], ['100.64.0.1:1', /shared/], ['9900', /like 127/], ['example.com:1', /no address/], ['127.0.0.1:70000', /like 127/], ['127.0.0.1', /like 127/]] as const) {
    const found = metricsAddress(text)
    t.match('problem' in found ? found.problem : '', said, text)
  }
  for (const text of ['127.0.0.1:9900', '[::1]:9900', '192.168.51.254:9900', '10.0.0.1:0', '[fd00::1]:1', 'localhost:9900']) t.notOk('problem' in metricsAddress(text), text)
  const refused = await run(['serve', '--metrics', '8.8.8.8:9900'])
  t.equal(refused.code, 2)
  t.match(refused.stderr, /the metrics are for local addresses alone/)
  const { port } = await origin(t)
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const taken = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', '0', '--host', '127.0.0.1', '--metrics', `127.0.0.1:${port}`, '--pid-file', join(folder, 'g.pid')])
  t.equal(taken.code, 1)
  t.match(taken.stderr, /cannot serve the metrics on .*: it is in use by another program/)
})

t.test('no gateway is a failure, not an empty table', async (t) => {
  const folder = folderFor(t)
  const { code, stderr, stdout } = await run(['status', '--pid-file', join(folder, 'none.pid')])
  t.equal(code, 1)
  t.match(stderr, /no gateway answers/)
  t.equal(stdout, '')
})

t.test('a worker that dies takes no count with it, and names have an end', async (t) => {
  const stats = new Stats()
  const none = new Map<string, number>()
  const tally = (allow: ReadonlyMap<string, number>): Tally => ({ allow, deny: none, error: none, observed: none, errors: none, limits: none, lists: none, dns: none, dialled: 1, reused: 0, bytesIn: 2, bytesOut: 3 })
  const standing = { waiting: 0, pool: 4, dnsAsking: 0, dnsWaiting: 0, dnsKnown: 0 }
  stats.take(0, tally(new Map([['a', 3]])), standing)
  stats.take(1, tally(new Map([['a', 2]])), standing)
  t.equal(stats.standing().pool, 8)
  stats.forget(1)
  t.equal(stats.names.allow.get('a'), 5)
  t.equal(stats.standing().pool, 4, 'its connections are closed')
  for (let at = 0; at < 30_000; at++) stats.take(0, tally(new Map([[`rule-${at}`, 1]])), standing)
  t.ok(stats.names.allow.size <= 20_001)
  t.ok((stats.names.allow.get('other') ?? 0) >= 10_000)
})
