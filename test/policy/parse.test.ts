// From text to the resolved policy: what each spelling comes to mean, and that no text whatever makes the parser throw.
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { rangeText } from '../../src/net/network.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import type { AddressSet, Policy } from '../../src/policy/policy.ts'

function policyOf(text: string): Policy {
  const { policy, diagnostics } = parsePolicy(text, '/etc/greengate/office.yaml', 0)
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  return policy
}

const GREEN = 'version: 1\ngateway:\n  green: { interface: eth0, address: [192.168.51.254/24, "fd00:51::1/64"] }\n  red: { interface: eth1 }\n  admin: { mac: "00:1a:2b:3c:4d:5e" }\n'

function told(set: AddressSet | undefined): string | undefined {
  if (set === undefined) return undefined
  const known = (['any', 'green', 'internet', 'gateway'] as const).filter((name) => set[name])
  const pins = set.pins.map((pin) => `pin(${[...pin.ranges.map(rangeText), ...pin.macs].join(' ')})`)
  return [...known, ...set.ranges.map(rangeText), ...set.macs, ...pins, ...set.hosts.map((host) => host.text)].join(' ')
}

t.test('what is absent', async (t) => {
  const policy = policyOf('version: 1')
  t.match(policy, { name: 'office', mode: 'enforce', rules: [], tests: [], gateway: { green: [], red: [], proxy: { port: 800 }, output: 'allow', default: { action: 'drop', log: true }, resolvers: [] } })
  t.match(policy.web, { default: 'deny', connectPorts: [{ first: 443, last: 443 }], tunnels: { requireTls: true, serverName: 'match', ech: 'allow' }, via: true, forwardedFor: 'delete', rules: [] })
  t.strictSame(policy.web.ports, [{ first: 80, last: 80 }, { first: 443, last: 443 }, { first: 1025, last: 65535 }])
  t.strictSame(policy.limits, {
    headMs: 10_000, dnsMs: 5000, dialMs: 10_000, firstByteMs: 300_000, idleBodyMs: 300_000, tunnelIdleMs: 900_000, tunnelAgeMs: 86_400_000, drainMs: 30_000,
    headerBytes: 65_536, headerCount: 200, uriBytes: 32_768, connections: 10_000, tunnels: 10_000, newPerSecond: 2000, connectionsPerClient: 1000, tunnelsPerClient: 500, newPerSecondPerClient: 200,
    refusalsLoggedPerSecondPerClient: 300, requestsLoggedPerSecondPerClient: 50_000,
  })
  t.equal(policyOf('version: 1\nrules:\nweb:\n  rules:\n').rules.length, 0, 'a section without a value is absent')
})

t.test('addresses', async (t) => {
  const rows: readonly (readonly [from: string, means: string])[] = [
    ['any', 'any'], ['green', 'green'], ['[green, gateway]', 'green gateway'], ['192.168.51.35', '192.168.51.35'], ['192.168.51.32/255.255.255.224', '192.168.51.32/27'],
    ['192.168.51.7-192.168.51.9', '192.168.51.7-192.168.51.9'], ['"2001:db8::/32"', '2001:db8::/32'], ['00-16-3E-5E-6C-01', '00:16:3e:5e:6c:01'], ['0016.3e5e.6c01', '00:16:3e:5e:6c:01'],
    ['Staff', '192.168.51.0/26 00:16:3e:5e:6c:01'], ['[Staff, 10.0.0.0/8]', '10.0.0.0/8 192.168.51.0/26 00:16:3e:5e:6c:01'], ['[192.168.51.1, 192.168.51.0/24]', '192.168.51.0/24'],
    ['[]', ''],
  ]
  for (const [from, means] of rows) {
    const policy = policyOf(`${GREEN}addresses:\n  Mail: 192.168.51.0/27\n  Web: [192.168.51.32/27]\n  Director: "00:16:3e:5e:6c:01"\n  Staff: [Mail, Web, Director]\nrules:\n  - { action: allow, from: ${from}, to: gateway, services: smtp }\n`)
    t.equal(told(policy.rules[0]?.from), means, from)
  }
  const pinned = policyOf(`${GREEN}rules:\n  - { action: allow, from: [192.168.51.7, "00:16:3e:5e:6c:01"], to: gateway, pin: true }\n  - { action: allow, from: [green, "00:16:3e:5e:6c:01"], to: gateway, pin: true }\n`)
  t.strictSame(pinned.rules.map((rule) => told(rule.from)), ['pin(192.168.51.7 00:16:3e:5e:6c:01)', 'pin(192.168.51.0/24 fd00:51::/64 00:16:3e:5e:6c:01)'])
})

t.test('the path that a packet rule speaks of', async (t) => {
  const rows: readonly (readonly [to: string, via: string])[] = [
    ['to: any', 'direct'], ['to: internet', 'direct'], ['to: green', 'direct'], ['to: 203.0.113.0/24', 'both'], ['to: gateway', 'both'], ['to: Wide', 'direct'], ['to: any, via: both', 'both'], ['to: 203.0.113.1, via: direct', 'direct'], ['', 'direct'],
  ]
  for (const [to, via] of rows) {
    const policy = policyOf(`${GREEN}addresses: { Wide: [203.0.113.9, internet] }\nrules:\n  - { action: deny, from: green, services: smtp${to === '' ? '' : `, ${to}`} }\n`)
    t.equal(policy.rules[0]?.via, via, to)
  }
})

t.test('the proxy\'s port by number on the gateway is the port in use', async (t) => {
  const rows: readonly (readonly [to: string, services: string, protocol: string])[] = [
    ['gateway', 'tcp/800', 'proxy'], ['gateway', 'mdbs_daemon', 'proxy'], ['192.168.51.254', 'tcp/800', 'proxy'], ['gateway', 'tcp/801', 'tcp'], ['203.0.113.1', 'tcp/800', 'tcp'], ['any', 'tcp/800', 'tcp'],
  ]
  for (const [to, services, protocol] of rows) {
    t.equal(policyOf(`${GREEN}rules:\n  - { action: allow, from: green, to: ${to}, services: ${services} }\n`).rules[0]?.services.parts[0]?.protocol, protocol, `${services} to ${to}`)
  }
  const served = (serve: string): readonly string[] => policyOf(`${GREEN.replace('gateway:\n', `gateway:\n  serve: ${serve}\n`)}`).gateway.serve.parts.map(({ protocol }) => protocol)
  t.strictSame(served('[tcp/800]'), ['proxy'], 'what is served is served by the gateway')
  t.strictSame(served('[tcp/801, ping]'), ['tcp', 'icmp'])
})

t.test('names of rules, and what they carry', async (t) => {
  const policy = policyOf(`version: 1
gateway: { timezone: Europe/Berlin }
schedules: { lessons: [mon-fri 08:00-12:30], day: [lessons, sat 09:00-10:00] }
rules:
  - { action: allow, from: 10.0.0.1, to: gateway, services: smtp }
  - { name: a, action: drop, from: 10.0.0.1, to: 10.0.0.2, enabled: false, mode: observe, log: true, remark: 12, reason: why, expires: 2027-01-31, schedule: [day, sun 08:00-09:00] }
web:
  rules:
    - { action: deny, host: numeric }
    - { action: allow, host: [A.Example., "*.B.example"], content-type: [Text/HTML; charset=x, video/*], methods: [GET, BREW], ports: [443, 80-90, 85-100], resolves-to: [10.0.0.0/8, "::/0"], tunnels: { ech: deny } }
`)
  t.strictSame(policy.rules.map(({ id, named }) => [id, named]), [['rules[0]', false], ['a', true]])
  t.match(policy.rules[1], { enabled: false, mode: 'observe', log: true, remark: '12', reason: 'why', expires: Date.UTC(2027, 0, 30, 23) })
  t.strictSame(policy.rules[1]?.schedules?.map(({ name, windows, timezone }) => [name, windows.length, timezone]), [['day', 2, 'Europe/Berlin'], ['sun 08:00-09:00', 1, 'Europe/Berlin']])
  t.match(policy.web.rules[0], { id: 'web.rules[0]', host: { numeric: true, patterns: [] } })
  t.match(policy.web.rules[1], { contentTypes: ['text/html', 'video/*'], methods: ['GET', 'BREW'], ports: [{ first: 80, last: 100 }, { first: 443, last: 443 }], tunnels: { ech: 'deny' } })
  t.strictSame(policy.web.rules[1]?.host?.patterns.map((pattern) => pattern.kind === 'glob' ? pattern.glob : `${pattern.kind} ${pattern.name}`), ['exact a.example', 'below b.example'])
  t.strictSame(policy.web.rules[1]?.resolvesTo?.map(rangeText), ['10.0.0.0/8', '::/0'])
})

t.test('files are relative to the policy', async (t) => {
  const policy = policyOf('version: 1\nlists: { ads: { domains: lists/ads, hosts: /var/lib/hosts } }\nblocks: { msn: { file: ../msn, services: msnp } }\nweb: { rules: [{ action: deny, list: ads }] }\n')
  t.match(policy.lists[0], { domains: '/etc/greengate/lists/ads', hosts: '/var/lib/hosts' })
  t.match(policy.blocks[0], { name: 'msn', file: '/etc/msn', services: { parts: [{ protocol: 'tcp', first: 1863, last: 1863 }] } })
})

t.test('places', async (t) => {
  const policy = policyOf(`${GREEN}rules:\n  - name: a\n    action: allow\n    from: green\n    to: gateway\nweb:\n  rules:\n    - { name: b, action: deny, uri: ['x\\.y', z] }\n`)
  t.match(policy.rules[0]?.place, { line: 7, column: 5 })
  t.match(policy.web.rules[0]?.place, { line: 13, column: 7 })
  t.match(policy.web.rules[0]?.places?.get('uri[1]'), { line: 13, column: 46 })
})

t.test('numbers where text is wanted', async (t) => {
  t.equal(policyOf('version: 1\nname: 010').name, '010', 'as it was written')
  t.equal(policyOf('version: 1\nname: 1e3').name, '1e3')
})

t.test('characters that no text file holds', async (t) => {
  const first = (text: string | Buffer): string => {
    const { policy, diagnostics } = parsePolicy(text.toString(), 'p.yaml', 0)
    const [found] = diagnostics
    return policy !== undefined || found === undefined ? 'ok' : `${found.place.line}:${found.place.column} ${found.message}; ${found.hint ?? ''}`
  }
  t.equal(first(Buffer.from('version: 1\nname: x # B\u00fcro\n', 'latin1')), '2:12 the file is not UTF-8 from here on; save it as UTF-8')
  t.equal(first(Buffer.from('version: 1\n', 'utf16le')), '1:2 the file is not UTF-8 from here on; save it as UTF-8')
  t.equal(first('version: 1\nname: "a\0b"\n'), '2:9 a control character stands here: `\\x00`; remove it; where it is meant write it by its number, in double quotes: "\\x00"')
  t.match(first('version: 1\nname: x\u007f'), '2:8 a control character stands here: `\\x7f`')
  t.match(first('version: 1\r\n# all is denied\rweb: { default: allow }\r\n'), '2:16 a line ends in CR alone')
  t.equal(first('version: 1\r\nname: "\\x00 B\u00fcro"\t\r\n'), 'ok')
  t.equal(first('\ufeffversion: 1\n'), 'ok', 'a byte order mark')
})

t.test('large files stay quick', async (t) => {
  const names = Array.from({ length: 2000 }, (_, index) => `  N${index}: [10.${index >> 8}.${index & 255}.0/24, N${index + 1}]`)
  const chain = parsePolicy(`version: 1\naddresses:\n${names.join('\n')}\n  N2000: 10.0.0.1\n`, 'x.yaml')
  t.ok(chain.diagnostics.length > 0, 'two thousand names inside one another are refused')
  const doubling = Array.from({ length: 40 }, (_, index) => `  A${index}: [A${index + 1}, A${index + 1}]`)
  const began = performance.now()
  parsePolicy(`version: 1\naddresses:\n${doubling.join('\n')}\n  A40: 10.0.0.1\n`, 'x.yaml')
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...Array.from('bcdefgh', (letter, index) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${'abcdefg'[index]}`).join(',')}]`)]
  t.match(parsePolicy(bomb.join('\n'), 'x.yaml').diagnostics[0], { code: 'yaml' })
  t.match(parsePolicy(`version: 1\nname: ${'['.repeat(50_000)}`, 'x.yaml').diagnostics[0], { code: 'yaml' })
  t.match(parsePolicy(`version: 1\nname: ${'x'.repeat(5 << 20)}`, 'x.yaml').diagnostics[0], { code: 'yaml' })
  t.ok(performance.now() - began < 5000)
})

t.test('no text makes it throw, and every fault has a place', async () => {
  const texts = ['office', 'school', 'server'].map((name) => readFileSync(join(import.meta.dirname, '..', '..', 'policies', `${name}.yaml`), 'utf8'))
  const check = (text: string): boolean => {
    const { policy, diagnostics } = parsePolicy(text, 'x.yaml', 0)
    const lines = text.split('\n').length
    for (const diagnostic of diagnostics) {
      renderDiagnostic(diagnostic)
      if (diagnostic.place.line < 1 || diagnostic.place.line > lines + 1 || diagnostic.place.column < 1) return false
    }
    return (policy === undefined) === diagnostics.some(({ severity }) => severity === 'error')
  }
  // a shipped policy with a piece cut out, doubled, or replaced
  fc.assert(fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(60), fc.constantFrom('', '{', '}', ']', '- ', ': ', '"', '\t', '*a', '&a ', 'null', '~', '[[]]', '{a: {b: c}}', '\n', '!!x ', '0', '-1', '\u0000', 'x'), (text, at, length, put) => {
    const from = at % text.length
    return check(text.slice(0, from) + put + text.slice(from + length))
  }), { numRuns: 250 })
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => check(`version: 1\n${text}`)), { numRuns: 250 })
})
