// Names as hostile name servers answer for them, before a real gateway: which address is dialled, what the client is told, how often the DNS is
// asked; over connections that are kept as well, and with an environment that would lead a C library astray.
import t from 'tap'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, until } from '../../gateway/process.ts'
import { answerOf, ask, each, say } from './ask.ts'
import type { Way } from './ask.ts'
import { CLOSED, LISTENING, NAME_CASES, OPEN } from './answers.ts'
import { hostileDns } from './dns.ts'
import type { HostileDns, Test, Zone } from './dns.ts'
import { places } from './places.ts'
import type { Places } from './places.ts'

/** Opens 127.88/16 alone; names are answered by a server of ours. `default: allow`: what says no is the guard. */
function policy(dns: number): string {
  return `version: 1
name: guard
gateway: { resolvers: ["127.0.0.1:${dns}"] }
limits: { dns: 1500ms, new-per-second-per-client: 100000, new-per-second: 100000 }
rules: [{ name: use, action: allow, from: any, to: gateway, services: proxy }]
web:
  default: allow
  ports: [1-65535]
  connect-ports: [1-65535]
  tunnels: { require-tls: false, server-name: any }
  rules: [{ name: lab, action: allow, host: ["*.test", "*.search", single, "*.localhost", localhost], resolves-to: [127.88.0.0/16] }, { name: rest, action: allow }]
`
}

/** What leads a C library astray: other names for names, domains to search, how to ask. */
function mischief(folder: string): NodeJS.ProcessEnv {
  writeFileSync(join(folder, 'aliases'), 'single localhost\n')
  return { HOSTALIASES: join(folder, 'aliases'), LOCALDOMAIN: 'search', RES_OPTIONS: 'ndots:9 attempts:1', NODE_OPTIONS: '' }
}

async function gatewayFor(t: Test, dns: HostileDns): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gg-guard-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'policy.yaml')
  writeFileSync(file, policy(dns.port))
  const { port } = await serve(t, ['--policy', file, '--port', '0', '--host', '127.0.0.1', '--workers', '1', '--event-log', 'none', '--pid-file', join(folder, 'pid')], { env: mischief(folder) })
  return port
}

const OWN: Readonly<Record<string, Zone>> = {
  single: { records: [{ address: OPEN }] },
  'quick.test': { records: [{ address: OPEN }] },
  'rebind.test': (_, turn) => ({ records: [{ address: turn === 1 ? CLOSED : OPEN, ttl: 0 }] }),
  'retry.test': (_, turn) => ({ records: [{ address: turn < 2 ? OPEN : CLOSED, ttl: 0 }] }),
}

/** whose turn it is: name → number of the request */
const turnOf = new Map<string, number>()

/** `WAY-NUMBER.test` is what case NUMBER says, asked in that way: no way shares what is kept of another. */
function zoneOf(name: string): Zone | undefined {
  const number = /^[a-z]+-(\d+)\.test$/.exec(name)?.[1]
  const zone = number === undefined ? undefined : NAME_CASES[Number(number)]?.zone
  // a CONNECT to 80 is judged by an answer, and so is each request inside: both get what the request's turn says
  if (typeof zone === 'function' && name.startsWith('inside-')) return (question, _turn, ...rest) => zone(question, turnOf.get(name) ?? 0, ...rest)
  if (zone !== undefined) return zone
  if (name.startsWith('mute')) return { silent: true }
  return name.endsWith('.search') ? { records: [{ address: OPEN }] } : OWN[name]
}

const dns = await hostileDns(t, zoneOf)
const port = await gatewayFor(t, dns)

const mayServe80 = process.getuid?.() === 0
const WAYS: readonly Way[] = mayServe80 ? ['plain', 'connect', 'inside'] : ['plain', 'connect']

t.test('each case, plain, by CONNECT and inside a CONNECT to 80', { timeout: 110_000 }, async (t) => {
  for (const way of WAYS) {
    // what times out is waited for once
    const numbers = [...NAME_CASES.keys()].filter((at) => way === 'plain' || NAME_CASES[at]?.said.every(({ status }) => status !== 504) === true)
    // one at a time for what is dialled; the looks of each are told by its name
    const here = await places(t, LISTENING, undefined, way === 'inside' ? 80 : 0)
    const differ = await each(numbers, 1, (at) => tried(way, at, here))
    for (const [place, at] of numbers.entries()) {
      const found = differ[place] ?? []
      if (found.length === 0) t.pass(`${way}: ${NAME_CASES[at]?.name}`)
      else t.fail(`${way}: ${NAME_CASES[at]?.name}`, { found })
    }
    t.notOk(here.dialled.includes(CLOSED) || here.dialled.includes('127.0.0.1'), 'nothing closed was ever dialled')
  }
  if (!mayServe80) t.comment('not inside a CONNECT to 80: port 80 is not ours to serve')
})

async function tried(way: Way, at: number, here: Places): Promise<string[]> {
  const wire = NAME_CASES[at]
  if (wire === undefined) return ['no such case']
  const name = `${way}-${at}.test`
  const before = here.dialled.length
  const found: string[] = []
  for (const [turn, wanted] of wire.said.entries()) {
    turnOf.set(name, turn)
    const got = await ask(port, way, `${name}:${here.port}`)
    if (got.status !== wanted.status) found.push(`request ${turn + 1}: ${got.status} ${got.rule ?? ''} and not ${wanted.status}`)
    if (wanted.rule !== undefined && got.rule !== wanted.rule) found.push(`request ${turn + 1}: refused by ${got.rule} and not by ${wanted.rule}`)
    if (wanted.error !== undefined && got.error !== wanted.error) found.push(`request ${turn + 1}: error=${got.error} and not ${wanted.error}`)
  }
  const dialled = here.dialled.slice(before)
  // a plain request may go over a connection that rests: it was judged all the same
  const sames = way === 'connect' ? wire.dialled : wire.dialled.filter((address, index) => wire.dialled.indexOf(address) === index)
  const distinct = way === 'connect' ? dialled : dialled.filter((address, index) => dialled.indexOf(address) === index)
  if (distinct.join() !== sames.join()) found.push(`dialled ${dialled.join()} and not ${wire.dialled.join()}`)
  const most = way === 'inside' ? 2 * (wire.asked ?? 0) : wire.asked
  if (wire.asked !== undefined && (dns.times(name) < wire.asked || dns.times(name) > (most ?? 0))) found.push(`asked ${dns.times(name)} times and not ${wire.asked}`)
  return found
}

t.test('on one kept connection, with an upstream connection at rest, each request is judged by its own answer', async (t) => {
  const here = await places(t, LISTENING)
  const get = `GET http://rebind.test:${here.port}/ HTTP/1.1\r\nHost: rebind.test:${here.port}\r\n\r\n`
  const read = await say(port, get.repeat(3).replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'))
  const answers = read.split(/(?=HTTP\/1\.1 \d{3})/).map((text) => answerOf(text))
  t.same(answers.map(({ status }) => status), [200, 403, 200])
  t.equal(answers[1]?.rule, 'private')
  t.same([...new Set(here.dialled)], [OPEN])
  t.equal(dns.times('rebind.test'), 3)
})

t.test('a connection at rest that has died is dialled anew at the addresses judged, without another look-up', async (t) => {
  const here = await places(t, LISTENING, (socket, nth) => {
    if (nth > 0) return false
    // answers the first request; at the second it is gone
    let requests = 0
    socket.on('data', () => {
      if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.resetAndDestroy()
    })
    return true
  })
  t.equal((await ask(port, 'plain', `retry.test:${here.port}`)).status, 200)
  t.equal((await ask(port, 'plain', `retry.test:${here.port}`)).status, 200)
  t.same(here.dialled, [OPEN, OPEN], 'the second went over the old connection, then over a new one')
  t.equal(dns.times('retry.test'), 2, 'a question a request')
  t.equal((await ask(port, 'plain', `retry.test:${here.port}`)).rule, 'private')
})

t.test('a name is asked for as it stands: no search domain, no alias of the C library, localhost of nobody', async (t) => {
  const here = await places(t, LISTENING)
  const before = dns.asked.length
  const said = async (host: string): Promise<string> => {
    const { status, rule } = await ask(port, 'plain', `${host}:${here.port}`)
    return `${status} ${rule}`
  }
  t.equal(await said('single'), '200 undefined')
  t.equal(await said('SINGLE.'), '200 undefined')
  t.equal(await said('other'), '502 upstream')
  t.equal(await said('deep.other'), '502 upstream')
  for (const host of ['localhost', 'LOCALHOST.', 'a.localhost', 'x.y.Localhost', '%6cocalhost']) t.equal(await said(host), '403 private', host)
  t.same([...new Set(dns.asked.slice(before))].sort(), ['deep.other a', 'deep.other aaaa', 'other a', 'other aaaa', 'single a', 'single aaaa'])
  t.same(here.dialled.filter((address) => address !== OPEN), [])
})

t.test('names that are never answered keep nobody else waiting', async (t) => {
  const here = await places(t, LISTENING)
  const before = dns.asked.length
  let over = 0
  const mute = Array.from({ length: 300 }, (_, at) => ask(port, 'plain', `mute${at}.test:${here.port}`).finally(() => over++))
  await until('they are asked for', () => dns.asked.length > before + 500, 20_000)
  t.equal((await ask(port, 'plain', `quick.test:${here.port}`)).status, 200)
  t.equal(over, 0, 'before the first of them is given up')
  t.ok((await Promise.all(mute)).every(({ status, error }) => status === 504 && error === 'dns_timeout'))
})
