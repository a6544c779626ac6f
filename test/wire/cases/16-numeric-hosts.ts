// Rules 16 and 17, D2: every spelling that a resolver or a browser reads as an address is that address or refused; what is private stays closed; names are
// whole labels in any letters (WHATWG URL 3.5, RFC 6943 3.1, RFC 4291). The policy opens nothing here but `{host}`'s network.
import { passes, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const CLOSED = { web: '  rules:\n    - { name: mine, action: allow, host: ["*.test"], resolves-to: [127.77.0.0/16] }\n    - { name: rest, action: allow }\n    - { name: never, action: deny, host: ["never.test"] }' }
const NO: Outcome = { origin: [], client: [{ status: [400, 403] }], end: 'closed' }
const NO_OPEN: Outcome = { origin: [], client: [{ status: 403 }], end: 'open' }

/** All of them special-use in every reading: were one let through, nothing outside this machine would be asked. */
const HOSTS: readonly string[] = [
  '127.0.0.1', '127.0.0.1.', '127.1', '127.0.1', '0177.0.0.1', '0x7f.0.0.1', '0x7f.1', '0x7f000001', '0X7F000001', '2130706433', '017700000001', '127.000.000.001', '127.0.0.0x1', '127.0.0.01', '0', '0.0.0.0', '0x0', '00', '0x00000000', '127.255.255.255', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '127%2E1', '%30x7f.1', '2130706433.',
  '10.0.0.1', '192.168.0.1', '172.16.0.1', '169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '100.64.0.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '192.88.99.1',
  '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::FFFF:127.0.0.1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b:1::10.0.0.1]', '[2002:7f00:1::]', '[2002:a00:1::1]', '[2001::1]', '[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[2001:db8::1]', '[100::1]', '[fe80::5efe:127.0.0.1]', '[2a00:1450::5efe:127.0.0.1]', '[::ffff:10.0.0.1]', '[0000:0000:0000:0000:0000:ffff:7f00:0001]',
  'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'LocalHost.', '%6cocalhost', 'other.test', 'OTHER.TEST', 'other.test.', '%6fther.test',
]

const hosts = HOSTS.flatMap((host): WireCase[] => [
  { name: `GET http://${host}/ is refused`, ref: 'wire rule 16', path: 'plain', ours: true, policy: CLOSED, send: `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`, expect: NO_OPEN, either: [NO] },
  { name: `CONNECT ${host}:443 is refused`, ref: 'wire rule 16', path: 'plain', ours: true, policy: CLOSED, send: `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`, expect: NO },
])

/** Spellings of an allowed name that mean the same name. */
const SAME = ['O{n}.test', 'o{n}.TEST', 'o{n}.test.', '%6f{n}.test', 'o{n}%2etest']

export const file: CaseFile = {
  rule: '16',
  title: 'numeric and private hosts in every spelling; names in one form',
  cases: [
    { name: 'the name itself is served', ref: 'wire rule 16', path: 'plain', ours: true, policy: CLOSED, send: 'GET http://{origin}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n', expect: passes({ line: 'GET /x HTTP/1.1' }) },
    ...SAME.map((form): WireCase => ({ name: `\`${form}\` is the same name, and Host says it canonically`, ref: 'RFC 3986 6.2.2', path: 'plain', ours: true, policy: CLOSED, send: `GET http://${form.replace('{n}', '{place}')}:{port}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n`, expect: passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }) })),
    { name: 'a name that only begins like a number is a name', ref: 'wire rule 16', path: 'plain', ours: true, policy: CLOSED, send: 'GET http://1.2.3.4.nip.test:{port}/x HTTP/1.1\r\nHost: a\r\n\r\n', expect: { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=dns_error'] }], end: 'open' }, time: 8000 },
    ...hosts,
  ],
}
