// Names to addresses against a name server of our own: answers, silences, families, lives, and what is asked at once.
import t from 'tap'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHostName } from '../../src/net/hostname.ts'
import type { HostName } from '../../src/net/hostname.ts'
import { Resolver } from '../../src/proxy/resolve.ts'
import type { ResolverOptions } from '../../src/proxy/resolve.ts'
import { nameServer } from './dns-server.ts'
import type { NameServer, Zone } from './dns-server.ts'
import { pause } from './sockets.ts'
import type { Test } from './sockets.ts'

function name(text: string): HostName {
  const parsed = parseHostName(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

async function resolverFor(t: Test, zones: Readonly<Record<string, Zone>>, options: Partial<ResolverOptions> = {}): Promise<{ resolver: Resolver; server: NameServer }> {
  const server = await nameServer(t, zones)
  const resolver = new Resolver({ servers: [{ address: '127.0.0.1', port: server.port }], timeoutMs: 1500, hostsFile: '/dev/null', ...options })
  t.teardown(() => resolver.close())
  return { resolver, server }
}

async function said(resolver: Resolver, host: string): Promise<string> {
  const answer = await resolver.resolve(name(host))
  return answer.ok ? answer.addresses.map(({ text }) => text).join(' ') : `${answer.error} ${answer.detail}`
}

t.test('what a name means', async (t) => {
  const { resolver, server } = await resolverFor(t, {
    'both.example': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'] },
    'four.example': { a: ['192.0.2.4'] },
    'six.example': { aaaa: ['2001:db8::6'] },
    'none.example': {},
    'half.example': { a: ['192.0.2.5'], rcodeOf: { aaaa: 2 } },
    'odd.example': { aaaa: ['2001:db8::7'], rcodeOf: { a: 3 } },
    'broken.example': { rcode: 2 },
    'refused.example': { rcode: 5 },
    'alias.example': { a: ['192.0.2.9'], cname: 'real.example' },
    'deaf.example': { a: ['192.0.2.8'], silent: 'aaaa' }
  })
  const rows: readonly (readonly [string, string])[] = [
    ['both.example', '192.0.2.1 192.0.2.2 2001:db8::1'],
    ['four.example', '192.0.2.4'],
    ['six.example', '2001:db8::6'],
    ['none.example', 'dns_error NODATA'],
    ['missing.example', 'dns_error NXDOMAIN'],
    ['half.example', '192.0.2.5'],
    ['odd.example', '2001:db8::7'],
    ['broken.example', 'dns_error SERVFAIL'],
    ['refused.example', 'dns_error REFUSED'],
    ['alias.example', '192.0.2.9']
  ]
  for (const [host, expected] of rows) t.equal(await said(resolver, host), expected, `${host} is ${expected}`)
  const began = performance.now()
  t.equal(await said(resolver, 'deaf.example'), '192.0.2.8', 'a family that is never answered does not sink the other')
  t.ok(performance.now() - began < 1000)
  t.equal(await said(resolver, 'localhost'), '127.0.0.1 ::1')
  t.equal(await said(resolver, 'db.localhost'), '127.0.0.1 ::1')
  t.notOk(server.asked.some((asked) => asked.includes('localhost')), 'localhost is nobody else\'s business')
  t.notOk(server.asked.some((asked) => !/\.example (a|aaaa)$/.test(asked)), 'no search domain is tried')
})

t.test('the deadline is ours', async (t) => {
  const { resolver } = await resolverFor(t, { 'silent.example': { silent: 'both' }, 'slow.example': { a: ['192.0.2.1'], delayMs: 700 } }, { timeoutMs: 400 })
  const began = performance.now()
  const answers = await Promise.all(['silent.example', 'slow.example', 'silent.example'].map((host) => said(resolver, host)))
  const took = performance.now() - began
  for (const answer of answers) t.match(answer, /^dns_timeout /)
  t.ok(took >= 395 && took < 900, `${took} ms`)
})

t.test('a life of an answer', async (t) => {
  const { resolver, server } = await resolverFor(t, {
    'short.example': { a: ['192.0.2.1'], ttl: 1 }, 'never.example': { a: ['192.0.2.2'], ttl: 0 }, 'long.example': { a: ['192.0.2.3'], ttl: 900 },
    'signed.example': { a: ['192.0.2.4'], ttl: 0x80000000 }
  })
  const times = (host: string): number => server.asked.filter((asked) => asked === `${host} a`).length
  for (let i = 0; i < 3; i++) for (const host of ['short.example', 'never.example', 'long.example', 'missing.example', 'signed.example']) await said(resolver, host)
  t.equal(times('short.example'), 1)
  t.equal(times('never.example'), 3, 'an answer without a life is not kept')
  t.equal(times('signed.example'), 3, 'nor is one whose life is beyond all numbers (RFC 2181 8)')
  t.equal(times('missing.example'), 1, 'that there is none is kept too')
  await pause(1100)
  await said(resolver, 'short.example')
  await said(resolver, 'long.example')
  t.equal(times('short.example'), 2)
  t.equal(times('long.example'), 1)
})

t.test('many who ask the same are one question', async (t) => {
  const { resolver, server } = await resolverFor(t, { 'popular.example': { a: ['192.0.2.1'], ttl: 0, delayMs: 50 } })
  const answers = await Promise.all(Array.from({ length: 50 }, () => said(resolver, 'popular.example')))
  t.ok(answers.every((answer) => answer === '192.0.2.1'))
  t.same(server.asked.sort(), ['popular.example a', 'popular.example aaaa'])
})

t.test('no more at once than agreed, and who waits too long is told', async (t) => {
  // two at once: three pairs are answered in 2.7 s, the fourth would be in 3.6; one try has a third of the time and is enough
  const { resolver, server } = await resolverFor(t, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}.example`, { a: ['192.0.2.1'], delayMs: 900 }])), { concurrency: 2, timeoutMs: 3200 })
  const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => said(resolver, `n${i}.example`)))
  t.equal(answers.filter((answer) => answer === '192.0.2.1').length, 6)
  t.equal(answers.filter((answer) => answer.startsWith('dns_timeout')).length, 3)
  t.ok(server.asked.length <= 18)
})

t.test('one client\'s silent names leave look-ups to the others', async (t) => {
  const { resolver } = await resolverFor(t, { 'good.example': { a: ['192.0.2.1'] }, ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`s${i}.example`, { silent: 'both' as const }])) }, { concurrency: 8 })
  const began = performance.now()
  const silent = Array.from({ length: 40 }, (_, i) => resolver.resolve(name(`s${i}.example`), 'hostile'))
  const queued = resolver.resolve(name('good.example'), 'hostile')
  t.match(await resolver.resolve(name('good.example'), 'other'), { ok: true }, 'even a name that the hostile one waits for')
  t.ok(performance.now() - began < 1000, 'at once')
  t.match(await queued, { ok: true }, 'who had to wait has it too')
  for (const answer of await Promise.all(silent)) t.match(answer, { ok: false, error: 'dns_timeout' })
})

t.test('a family that stays silent is waited for once, not by each who asks meanwhile', async (t) => {
  const { resolver, server } = await resolverFor(t, { 'deaf.example': { a: ['192.0.2.8'], silent: 'aaaa' } }, { timeoutMs: 6000 })
  await said(resolver, 'deaf.example')
  const began = performance.now()
  for (let i = 0; i < 5; i++) t.equal(await said(resolver, 'deaf.example'), '192.0.2.8')
  t.ok(performance.now() - began < 1000, 'at once')
  t.equal(server.asked.filter((asked) => asked === 'deaf.example a').length, 1)
})

t.test('the table is bounded', async (t) => {
  const { resolver, server } = await resolverFor(t, Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`n${i}.example`, { a: ['192.0.2.1'] }])), { cacheEntries: 3 })
  for (let i = 0; i < 6; i++) await said(resolver, `n${i}.example`)
  server.asked.length = 0
  for (const i of [5, 4, 3]) await said(resolver, `n${i}.example`)
  t.equal(server.asked.length, 0, 'the last three are kept')
  await said(resolver, 'n0.example')
  t.ok(server.asked.length > 0, 'the first is not')
})

t.test('the hosts file comes first, and is read anew', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gg-hosts-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const hostsFile = join(folder, 'hosts')
  writeFileSync(hostsFile, '# pinned\n192.0.2.1 Pinned.Example second.example # here\n2001:db8::1\tpinned.example\n192.0.2.999 bad.example\nnonsense\n10.0.0.1\n')
  const { resolver, server } = await resolverFor(t, { 'later.example': { a: ['192.0.2.7'] } }, { hostsFile })
  t.equal(await said(resolver, 'pinned.example'), '192.0.2.1 2001:db8::1')
  t.equal(await said(resolver, 'second.example'), '192.0.2.1')
  t.equal(await said(resolver, 'bad.example'), 'dns_error NXDOMAIN')
  t.equal(await said(resolver, 'later.example'), '192.0.2.7')
  t.notOk(server.asked.some((asked) => asked.startsWith('pinned')))
  writeFileSync(hostsFile, '192.0.2.50 later.example\n')
  utimesSync(hostsFile, new Date(), new Date(Date.now() + 5000))
  await pause(1050)
  t.equal(await said(resolver, 'later.example'), '192.0.2.50')
})

t.test('where the first resolver is gone, silent, or fails, the second answers', async (t) => {
  const zones = { 'any.example': { a: ['192.0.2.1'] } }
  const good = await nameServer(t, zones)
  const silent = await nameServer(t, { 'any.example': { silent: 'both' } })
  const failing = await nameServer(t, { 'any.example': { rcode: 2 } })
  for (const [what, port] of [['gone', 9], ['silent', silent.port], ['failing', failing.port]] as const) {
    const resolver = new Resolver({ servers: [port, good.port].map((each) => ({ address: '127.0.0.1', port: each })), timeoutMs: 3000, hostsFile: '/dev/null' })
    t.teardown(() => resolver.close())
    t.equal(await said(resolver, 'any.example'), '192.0.2.1', what)
  }
})

t.test('no more than 64 addresses of a family', async (t) => {
  const { resolver } = await resolverFor(t, { 'many.example': { a: Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`), aaaa: ['2001:db8::1'] } })
  const answer = await resolver.resolve(name('many.example'))
  t.same(answer.ok && [answer.addresses.length, answer.addresses[63]?.text, answer.addresses[64]?.text], [65, '192.0.2.63', '2001:db8::1'])
})

t.test('what a resolver is not there to answer', async (t) => {
  const resolver = new Resolver({ servers: [{ address: '127.0.0.1', port: 9 }], timeoutMs: 800, hostsFile: '/dev/null' })
  t.teardown(() => resolver.close())
  t.match(await said(resolver, 'any.example'), /^dns_/)
  resolver.close()
  t.match(await said(resolver, 'other.example'), /^dns_error/)
})

t.test('a slow name has the whole deadline, however quick the others were', async (t) => {
  const quick = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`q${at}.example`, { a: ['192.0.2.1'] }]))
  const { resolver } = await resolverFor(t, { ...quick, 'slow.example': { a: ['192.0.2.7'], delayMs: 1500 } }, { timeoutMs: 6000 })
  for (const host of Object.keys(quick)) t.equal(await said(resolver, host), '192.0.2.1')
  t.equal(await said(resolver, 'slow.example'), '192.0.2.7')
})
