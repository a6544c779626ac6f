// Runs in the gateway's namespace of `ranges.test.ts`: a name server, a real gateway, and everything that is asked of it. Prints one line of JSON a
// group: how many were asked, and what was not as it must be. What was dialled is told by the far side.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ipFromValue } from '../../../src/net/ip.ts'
import type { Ip } from '../../../src/net/ip.ts'
import { serve } from '../../gateway/process.ts'
import { ask, each } from './ask.ts'
import type { Answer, Way } from './ask.ts'
import { hostileDns } from './dns.ts'
import type { Test } from './dns.ts'
import { CARRIERS, INNER_CLOSED, INNER_OPEN, ip, rangeCases } from './ranges.ts'

export interface Group {
  readonly group: string
  readonly asked: number
  readonly wrong: readonly string[]
  /** addresses that may be dialled, as the far side says them */
  readonly open: readonly string[]
}

/** By the client's own address: nothing opened, what carries IPv4 opened (and one private network), everything opened. */
const NOTHING = '127.0.0.1'
const CARRYING = '127.1.0.2'
const EVERYTHING = '127.1.0.3'
const OPENED = '10.99.7.7'
const LANES = 12
const HTTP = 80

const ends: (() => unknown)[] = []
const t: Test = { teardown: (action) => void ends.unshift(action) }

const policy = (more: string): string => `version: 1
name: ranges
${more}
limits: { new-per-second-per-client: 100000, new-per-second: 100000, dns: 5s, dial: 5s }
rules: [{ name: use, action: allow, from: any, to: gateway, services: proxy }]
web:
  default: allow
  ports: [1-65535]
  connect-ports: [1-65535]
  tunnels: { require-tls: false, server-name: any }
  rules:
    - { name: carrying, action: allow, from: ${CARRYING}, resolves-to: [${[...new Set(CARRIERS.map(({ block }) => `"${block}"`)), '10.99.7.0/24'].join(', ')}] }
    - { name: everything, action: allow, from: ${EVERYTHING}, resolves-to: [0.0.0.0/0, "::/0"] }
`

/** A name with these addresses, told by its labels. */
function nameOf(...addresses: readonly Ip[]): string {
  return `${addresses.map(({ family, value }) => `a${value.toString(16).padStart(family === 4 ? 8 : 32, '0')}`).join('.')}.test`
}

function addressesOf(name: string): Ip[] {
  return [...name.matchAll(/\ba([0-9a-f]{8}|[0-9a-f]{32})\./g)].map(([, digits = '']) => ipFromValue(digits.length === 8 ? 4 : 6, BigInt(`0x${digits}`)))
}

const literal = (address: Ip): string => (address.family === 6 ? `[${address.text}]` : address.text)

/** As the far side's socket says it: a mapped address is dialled as the IPv4 one. */
function seen(address: Ip): Ip {
  return address.family === 6 && address.value >> 32n === 0xffffn ? ipFromValue(4, address.value & 0xffffffffn) : address
}

interface Asking {
  readonly address: Ip
  readonly from: string
  /** may it be dialled? */
  readonly open: boolean
  readonly why: string
  readonly port?: number
}

async function begin(folder: string, more: string, name: string): Promise<number> {
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, policy(more))
  const { port } = await serve(t, ['--policy', file, '--port', '0', '--host', '127.0.0.1', '--workers', '1', '--event-log', 'none', '--pid-file', join(folder, `${name}.pid`)])
  return port
}

function differs(got: Answer, asking: Asking): string | undefined {
  if (!asking.open) return got.status === 403 && got.rule === 'private' ? undefined : `${got.status} by ${got.rule ?? got.error ?? ''}, and not refused by private`
  const body = got.body === '' ? undefined : ip(got.body)
  return got.status === 200 && body?.text === seen(asking.address).text ? undefined : `${got.status} ${got.rule ?? ''} ${got.error ?? ''} ${got.body}, and not dialled`
}

async function group(name: string, port: number, askings: readonly Asking[]): Promise<void> {
  const wrong: string[] = []
  const ways = askings.flatMap((asking) => {
    const to = asking.port ?? HTTP
    const forms: (readonly [Way, string])[] = [['plain', `${nameOf(asking.address)}:${to}`], ['plain', `${literal(asking.address)}:${to}`]]
    // a CONNECT to 80 is answered before its requests are judged; what is open has nobody on another port
    if (!asking.open) forms.push(['connect', `${literal(asking.address)}:${to === HTTP ? 443 : to}`])
    return forms.map((form) => ({ asking, form }))
  })
  await each(ways, LANES, async ({ asking, form: [way, authority] }) => {
    const found = differs(await ask(port, way, authority, authority, asking.from), asking)
    if (found !== undefined) wrong.push(`${way} ${authority} (${asking.why}) from ${asking.from}: ${found}`)
  })
  const open = askings.filter((asking) => asking.open).map(({ address }) => seen(address).text)
  tell({ group: name, asked: ways.length, wrong, open })
}

function tell(told: Group): void {
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

const folder = mkdtempSync(join(tmpdir(), 'gg-ranges-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
try {
  const dns = await hostileDns(t, (name) => ({ records: addressesOf(name).map(({ text }) => ({ address: text })) }))
  let own = 0
  const here = createServer((socket) => {
    own++
    socket.on('error', () => {})
    const address = (socket.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
    socket.on('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${address.length}\r\nConnection: close\r\n\r\n${address}`))
  })
  here.listen(HTTP, '::')
  await once(here, 'listening')
  t.teardown(() => here.close())
  const port = await begin(folder, `gateway: { resolvers: ["127.0.0.1:${dns.port}"] }`, 'own-dns')

  await group('the registries', port, rangeCases().map(({ address, open, why }) => ({ address, open, why, from: NOTHING })))
  await group('IPv4 inside IPv6, where nothing is opened', port, CARRIERS.flatMap(({ what, carry }) =>
    [...INNER_CLOSED, ...INNER_OPEN, OPENED].map((inner) => ({ address: ipFromValue(6, carry(ip(inner).value)), open: false, why: `${what}: ${inner}`, from: NOTHING }))))
  // what is only valid on a link is nowhere to be dialled
  const routed = CARRIERS.filter(({ block }) => block !== 'fe80::/10')
  await group('IPv4 inside IPv6, where the outer range is opened', port, routed.flatMap(({ what, carry }) => [
    ...INNER_CLOSED.map((inner) => ({ address: ipFromValue(6, carry(ip(inner).value)), open: false, why: `${what}: ${inner}`, from: CARRYING })),
    ...[...INNER_OPEN, OPENED].map((inner) => ({ address: ipFromValue(6, carry(ip(inner).value)), open: true, why: `${what}: ${inner}`, from: CARRYING })),
  ]))

  const before = own
  const mine = ['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.99.0.1', '45.88.0.1', '::1', '::', 'fd99::1', '2a00:88::1']
  // a Teredo address without a server has 0.0.0.0 in its place
  const carried = mine.filter((text) => !text.includes(':')).flatMap((text) => CARRIERS.filter(({ what }) => text !== '0.0.0.0' || what !== 'the server of Teredo').map(({ carry, what }) => ({ address: ipFromValue(6, carry(ip(text).value)), why: `${what}: own ${text}` })))
  const all = [...mine.map((text) => ({ address: ip(text), why: 'own' })), ...carried]
  await group('the gateway itself, where nothing is opened', port, all.map((each) => ({ ...each, open: false, from: NOTHING })))
  await group('the gateway\'s own ports, where everything is opened', port, all.flatMap((each) => [port, 445, 222].map((to) => ({ ...each, port: to, open: false, from: EVERYTHING }))))
  tell({ group: 'nobody on the gateway itself was reached', asked: own, wrong: own === before && before === 0 ? [] : [`${own} connections`], open: [] })
  await group('other ports of the gateway, where everything is opened', port, ['127.0.0.1', '10.99.0.1', '45.88.0.1', '::1', 'fd99::1', '2a00:88::1'].map((text) => ({ address: ip(text), open: true, why: 'own, opened', from: EVERYTHING })))

  const added = ip('45.88.7.7')
  await group('an address before it is the gateway\'s', port, [{ address: added, open: true, why: 'not yet own', from: NOTHING }])
  spawnSync('ip', ['addr', 'add', `${added.text}/32`, 'dev', 'gg-near'])
  for (let tries = 0; tries < 100; tries++) {
    if ((await ask(port, 'plain', added.text)).status === 403) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await group('and once it is', port, [{ address: added, open: false, why: 'own by now', from: NOTHING }])

  await families(port)
  await systems()
} finally {
  for (const end of ends) await end()
}

/** Both families of one name: each in turn, the silent ones passed by, the closed ones never dialled (RFC 8305). The far side drops what is for `2a00:dead::/64` and `45.66.0.0/24`. */
async function families(port: number): Promise<void> {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['45.88.2.2', '2a00:2::2'], '2a00:2::2'], [['45.88.2.3', '2a00:dead::3'], '45.88.2.3'], [['45.66.0.4', '2a00:2::4'], '2a00:2::4'], [['45.66.0.5', '2a00:dead::5', '45.88.2.5'], '45.88.2.5'], [['45.66.0.6', '45.66.0.7', '2a00:dead::6', '2a00:dead::7', '2a00:2::6'], '2a00:2::6'],
    [['10.0.0.1', '45.88.2.8', 'fd00::1'], '45.88.2.8'], [['127.0.0.1', '::1', '64:ff9b::2d58:209', '2a00:2::9'], '2a00:2::9'], [['::ffff:45.88.2.10', '45.88.2.11'], '45.88.2.11'], [['192.168.0.1', 'fe80::1', '2002:2d58:202::1'], '403 private'], [['45.88.0.1', '2a00:88::1'], '403 private'],
  ]
  const wrong: string[] = []
  await each(rows, 4, async ([addresses, wanted]) => {
    const { status, rule, body } = await ask(port, 'plain', nameOf(...addresses.map(ip)))
    const got = status === 200 ? body : `${status} ${rule}`
    if (got !== wanted) wrong.push(`${addresses.join()}: ${got} and not ${wanted}`)
  })
  tell({ group: 'both families', asked: rows.length, wrong, open: ['45.88.2.2', '2a00:2::2', '45.88.2.3', '2a00:2::4', '45.88.2.5', '2a00:2::6', '45.88.2.8', '2a00:2::9', '45.88.2.11'] })
}

/** The system's own hosts file and resolvers: /etc/hosts and /etc/resolv.conf are ours here. */
async function systems(): Promise<void> {
  const dns = await hostileDns(t, (name) => ({ records: [{ address: name.endsWith('.evil.test') ? '45.88.6.6' : '45.88.5.5' }] }), 53)
  const port = await begin(folder, '', 'system-dns')
  const wrong: string[] = []
  let asked = 0
  const expect = async (authority: string, wanted: string): Promise<void> => {
    asked++
    let got = ''
    // the file is looked at once a second
    for (let tries = 0; tries < 40; tries++) {
      const { status, rule, body } = await ask(port, 'plain', authority)
      got = status === 200 ? body : `${status} ${rule}`
      if (got === wanted) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    wrong.push(`${authority}: ${got} and not ${wanted}`)
  }
  await expect('single', '45.88.5.5')
  await expect('deep.name', '45.88.5.5')
  await expect('pinned.test', '45.88.4.4')
  await expect('PINNED.test.', '45.88.4.4')
  await expect('inner.test', '403 private')
  await expect('both.test', '45.88.4.5')
  writeFileSync('/etc/hosts', '45.88.4.4 inner.test\n10.0.0.1 pinned.test\n')
  await expect('pinned.test', '403 private')
  await expect('inner.test', '45.88.4.4')
  await expect('both.test', '45.88.5.5')
  if (dns.asked.some((each) => each.includes('evil') || each.startsWith('pinned') || each.startsWith('inner'))) wrong.push(`the DNS was asked for ${dns.asked.join()}`)
  // another name server from now on
  writeFileSync('/etc/resolv.conf', 'nameserver 127.0.0.53\n')
  const other = await hostileDns(t, () => ({ records: [{ address: '45.88.5.6' }] }), 53, '127.0.0.53')
  asked++
  for (let tries = 0; other.asked.length === 0 && tries < 60; tries++) {
    await ask(port, 'plain', `later${tries}.test`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  if (other.asked.length === 0) wrong.push('the new name server was never asked')
  tell({ group: 'the system\'s hosts file and resolvers', asked, wrong, open: ['45.88.5.5', '45.88.4.4', '45.88.4.5', '45.88.5.6'] })
}
