// D2: the policy says one host and the socket goes to another: each way under the name of whom it hurt. All addresses here are of this machine or of no
// network in every reading. Whole alphabets of spellings are under rules 2, 15 and 16; look-ups that change their mind are in ../guard.
import { reply } from '../answers.ts'
import { get, OK, passes, refused, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const ours = { ours: true, path: 'plain' } as const
const ask = (target: string, host: string): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const connect = (authority: string, host = 'a'): string => `CONNECT ${authority} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const X = { line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }

/** Only the case's own origin is open, by its name and its network. */
const CLOSED = { web: '  rules:\n    - { name: evil, action: deny, host: [evil.test] }\n    - { name: mine, action: allow, host: ["o*.test"], resolves-to: [127.77.0.0/16] }\n    - { name: rest, action: allow }\n    - { name: never, action: deny, host: ["never.test"] }\n' }
const SHUT: Outcome = { origin: [], client: [{ status: 403 }], end: 'open' }
const SHUT_FORM: Outcome = refused([400, 403])

/** Both ways to a host that must not be reached. */
const shut = (host: string, ref: string, records?: Readonly<Record<string, unknown>>): WireCase[] => [
  { ...ours, policy: CLOSED, name: `GET http://${host}/ reaches nobody`, ref, send: ask(`http://${host}/`, 'a'), expect: SHUT, either: [SHUT_FORM], ...(records === undefined ? {} : { records: [records] }) },
  { ...ours, policy: CLOSED, name: `CONNECT ${host}:443 reaches nobody`, ref, send: connect(`${host}:443`), expect: SHUT_FORM, ...(records === undefined ? {} : { records: [records] }) },
]

const hosts: readonly WireCase[] = [
  { name: 'two Hosts, the first right', ref: 'Squid CVE-2016-4554', send: 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nHost: {other}\r\n\r\n', expect: refused() },
  { name: 'two Hosts, the second right', ref: 'Squid CVE-2016-4554', send: 'GET {uri}/x HTTP/1.1\r\nHost: {other}\r\nHost: {origin}\r\n\r\n', expect: refused() },
  { name: 'two Hosts, one of them behind a blank', ref: 'Squid CVE-2016-4554', send: 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n Host: {other}\r\n\r\n', expect: refused() },
  { ...ours, name: 'a Host that is not the target\'s is made anew', ref: 'Squid GHSA-p6vj-j24g-56wp', send: ask('http://{origin}/x', '{other}'), expect: passes(X) },
  { ...ours, policy: CLOSED, name: 'a Host that is open does not open the target', ref: 'Squid GHSA-p6vj-j24g-56wp', send: ask('http://{other}/x', '{origin}'), expect: SHUT },
]

const authorities: readonly WireCase[] = ['good.test@{other}', '{origin}@{other}', '{other}/x', '{host}:443/x', '{host}', '{host}:', '{host}:65979', '{host}:65536', '{host}:4294967739', '{host}:18446744073709551696', '{host}:-65456', '{host}:00080', '{host}: 80', '{host}:80 80', '{host}:8_0'].map((authority): WireCase => ({ ...ours, raw: true, name: `CONNECT to \`${authority}\` is no CONNECT`, ref: 'wire rule D2: CONNECT authority; tinyproxy 3c0fde9', send: connect(authority), expect: { ...refused(), raw: '' } }))

const names: readonly WireCase[] = [
  ...['[{host}]', '[{host}.]', '[other.test]', '[127.0.0.1]', '[2130706433]', '[evil.test]'].flatMap((host) => shut(host, 'Smokescreen CVE-2022-29188')),
  ...['evil.test', 'EVIL.test', 'evil.test.', 'Evil.Test.', '%65vil.test', 'evil%2etest', 'evil.test%2e'].flatMap((host) => shut(host, 'Smokescreen CVE-2022-24825, GHSA-gcj7-j438-hjj2; harden-runner 2.10.3')),
  ...['evil.test..', '.evil.test', 'evil..test'].flatMap((host) => shut(host, 'CVE-2022-24825')),
  ...['O{place}.TEST', 'o{place}.test.', '%4F{place}.test.'].map((host): WireCase => ({ ...ours, policy: CLOSED, name: `\`${host}\` is the name that is open`, ref: 'harden-runner 2.10.3 (EXAMPLE.com blocked)', send: ask(`http://${host}:{port}/x`, '{origin}'), expect: passes(X) })),
  ...['\xe2\x93\x94vil.test', 'evil\xe3\x80\x82test', 'evil\xef\xbc\x8etest', '\xef\xbd\x85vil.test', 'e\xc2\xadvil.test', '%e2%93%94vil.test', 'evil%e3%80%82test', '\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1', '%ef%bc%91%ef%bc%92%ef%bc%97.1'].flatMap((host) => shut(host, 'wire rule D2: IDNA; WHATWG URL 3.3')),
  ...['{host}%00.evil.test', 'evil.test%00.{host}', '{host}%00', 'evil.test%0a.{host}', 'evil.test%09', 'evil.test%1b', '{host}%20.evil.test'].flatMap((host) => shut(host, 'penligent.ai; OpenShell#1498; bun#37013')),
  ...['{host}\0.evil.test', 'evil.test\0.{host}', '{host}\0'].map((host): WireCase => ({ ...ours, name: `a NUL as such in \`${JSON.stringify(host).slice(1, -1)}\``, ref: 'OpenShell#1498; bun#37013', send: connect(`${host}:443`), expect: refused() })),
]

const numbers: readonly WireCase[] = ['127.1', '127.0.1', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1', '017700000001', '0', '00.0', '0x0', '127.0.0.1.', '127.1.', '2130706433.', '0x7F.0.0X1', '127.0x0.0.01', '%3127.1', '127%2e1'].flatMap((host) => shut(host, 'agent-glovebox#3046; zeroc-ice#6049; Soup#604'))

const EMBEDDED: readonly (readonly [host: string, ref: string])[] = [
  ['[::ffff:127.0.0.1]', '3proxy#807'], ['[::ffff:7f00:1]', '3proxy#807'], ['[0:0:0:0:0:ffff:127.0.0.1]', 'toolhive GHSA-pph6-vfjv-vpjw'], ['[::127.0.0.1]', 'nightingale#3363'], ['[::7f00:1]', 'nightingale#3363'], ['[64:ff9b::127.0.0.1]', 'plunk#449'], ['[64:ff9b::7f00:1]', 'plunk#449'], ['[64:ff9b:1::127.0.0.1]', 'plunk#449'], ['[2002:7f00:1::]', 'plunk#449'], ['[2002:7f00:1:0:0:0:0:1]', 'plunk#449'],
  ['[::ffff:0:127.0.0.1]', 'smokescreen#289'], ['[::ffff:0:0]', 'smokescreen#289'], ['[2001:0:7f00:1::]', 'wire rule D2: Teredo'], ['[fec0::1]', 'wire rule D2: site-local'], ['[fe80::1%25lo]', 'wire rule D2: zone'], ['[fe80::1%lo]', 'wire rule D2: zone'], ['[fe80::1]', 'wire rule D2: zone'],
]
const SPECIAL: readonly (readonly [host: string, ref: string])[] = [
  ['100.64.0.1', 'smokescreen#265'], ['100.127.255.254', 'smokescreen#265'], ['[::ffff:100.64.0.1]', 'smokescreen#265'], ['0.0.0.0', 'wire rule D2: 0/8'], ['0.1.2.3', 'wire rule D2: 0/8'], ['198.18.0.1', 'wire rule D2: 198.18/15'], ['198.19.255.255', 'wire rule D2: 198.18/15'], ['192.0.0.1', 'wire rule D2: 192.0.0/24'], ['192.0.0.170', 'wire rule D2: 192.0.0/24'], ['240.0.0.1', 'wire rule D2: 240/4'], ['255.255.255.255', 'wire rule D2: 240/4'],
  ['169.254.169.254', 'wire rule D2: metadata'], ['[fd00:ec2::254]', 'wire rule D2: fd00:ec2::254'], ['224.0.0.1', 'wire rule D2: multicast'], ['[ff02::1]', 'wire rule D2: multicast'],
]
const OWN = ['127.0.0.1:800', 'localhost:800', '[::1]:800', '0x7f.1:800', '[::ffff:127.0.0.1]:800', '127.0.0.1.:800']

const EMPTY = { web: '  rules: []\n' }
const later: readonly WireCase[] = [
  // a name that resolves to several addresses is judged by each: look-up.test.ts; here: that nothing is looked up again behind the judgement
  { name: 'the second request goes to the address that was judged', ref: 'DNS rebinding; graze-social/cocore#165', ours: true, policy: CLOSED, send: [get('/x'), { until: 'ok' }, get('/x')], answers: [reply(['Connection: close'])], expect: { origin: [X, X], client: [OK, OK], connections: 2, end: 'open' } },
  ...[301, 302, 303, 307, 308].map((status): WireCase => ({ name: `a ${status} to another host is the client's to follow`, ref: 'envoy#45360', send: get('/x'), answers: [reply(['Location: http://{other}/'], '', `HTTP/1.1 ${status} Moved`)], expect: { origin: [X], client: [{ status, has: ['Location: http://{other}/'] }], end: 'open' } })),
  ...['Refresh: 0; url=http://{other}/', 'Alt-Svc: h2="{other}"', 'Content-Location: http://{other}/', 'Link: <http://{other}/>; rel=preload', 'X-Accel-Redirect: /evil'].map((field): WireCase => ({ name: `\`${field}\` is nothing that we follow`, ref: 'envoy#45360', send: get('/x'), answers: [reply([field])], expect: { origin: [X], client: [{ status: 200, body: 'ok' }], end: 'open' } })),
  { ...ours, policy: CLOSED, name: 'another name of an open address is not open', ref: 'cilium#31803', send: ask('http://o{place}.test:{port}/x', 'a') + ask('http://{fixname}:{port}/x', 'a'), expect: { origin: [X], client: [OK, { status: 403 }], end: 'open' } },
  { ...ours, policy: CLOSED, name: 'nor is the address itself', ref: 'cilium#31803', send: ask('http://{net}.{place}:{port}/x', '{origin}'), expect: SHUT },
  ...[ask('http://{origin}/x', '{origin}').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), connect('{origin}')].map((send): WireCase => ({ ...ours, name: `where no rule is there is no way: ${send.split(' ', 1)[0] ?? ''}`, ref: 'srt CVE-2025-66479; nono GHSA-m8j6-rc5x-wv36', policy: EMPTY, send, expect: { origin: [], client: [{ status: 403, has: ['X-Greengate-Rule: web.default'] }], end: 'closed' } })),
  { ...ours, name: 'a name without any address is refused by whom it needs', ref: 'cilium#6292', send: ask('http://nowhere.test/x', 'nowhere.test'), expect: { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=dns_error'] }], end: 'open' }, time: 8000 },
  { ...ours, name: 'and no tunnel leads to it', ref: 'cilium#6292', send: connect('nowhere.test:443'), expect: { origin: [], client: [{ to: 'CONNECT', status: 502 }], end: 'closed' }, time: 8000 },
]

export const file: CaseFile = {
  rule: 'D2',
  title: 'names and addresses, by the names of whom they hurt',
  cases: [
    ...hosts, ...authorities, ...names, ...numbers, ...EMBEDDED.flatMap(([host, ref]) => shut(host, ref)), ...SPECIAL.flatMap(([host, ref]) => shut(host, ref)),
    ...OWN.flatMap((host): WireCase[] => [{ ...ours, name: `http://${host}/ is no way to the proxy itself`, ref: 'wire rule D2: self-loop', send: ask(`http://${host}/`, 'localhost'), expect: SHUT }, { ...ours, name: `CONNECT ${host} is no way to the proxy itself`, ref: 'wire rule D2: self-loop', send: connect(host), expect: SHUT_FORM }]),
    ...later,
  ],
}
