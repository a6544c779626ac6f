// Lists in the layouts in which they are published: what each line means, what is bad, and that large ones are small in memory.
import t from 'tap'
import type { Test } from 'tap'
import fc from 'fast-check'
import { listTables, openList } from '../../src/lists/list.ts'
import type { OpenList } from '../../src/lists/list.ts'
import { ListReader } from '../../src/lists/reader.ts'
import type { Layout, ListPart } from '../../src/lists/reader.ts'
import { tableOctets } from '../../src/lists/table.ts'
import { parseHost, parseAuthority } from '../../src/net/target.ts'
import { canonicalUri, decodeUnreserved, parseHttpUri } from '../../src/net/uri.ts'

function read(layout: Layout, text: string | Buffer, chunkSize = 7): ListPart {
  const reader = new ListReader(layout)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkSize) reader.push(bytes.subarray(at, at + chunkSize))
  return reader.end()
}

function list(parts: Partial<Record<Layout, string>>): OpenList {
  return openList(structuredClone(listTables('ads', Object.entries(parts).map(([layout, text]) => ({ file: layout, part: read(layout as Layout, text) })))))
}

/** A URL, or `host:port` as a CONNECT names it. */
function asks(open: OpenList, what: string): boolean {
  if (!what.includes('://')) {
    const target = parseAuthority(what, undefined)
    if (!target.ok) throw new Error(target.problem)
    return open.matches(target.value.host, what, what)
  }
  const parsed = parseHttpUri(what)
  if (!parsed.ok) throw new Error(parsed.problem)
  const uri = canonicalUri(parsed.value.target, parsed.value.path)
  return open.matches(parsed.value.target.host, uri, decodeUnreserved(uri))
}

function table(t: Test, open: OpenList, on: readonly string[], off: readonly string[]): void {
  for (const what of on) t.ok(asks(open, what), `${what} is on the list`)
  for (const what of off) t.notOk(asks(open, what), `${what} is not on the list`)
}

t.test('domains: that name and all below', async (t) => {
  const open = list({ domains: 'ads.example\nTracker.Example.COM\n\n# a comment\n203.0.113.7\n.dotted.example\n*.starred.example\nb\u00fccher.example\n2001:DB8::0:1\nlast.example # why\n1.example.9und1.example\n0x7f.0.0.1' })
  table(t, open,
    ['http://ads.example/', 'http://www.ads.example/x', 'http://a.b.ads.example:8080/', 'ads.example:443', 'http://ADS.example./', 'http://tracker.example.com/', 'http://203.0.113.7/', 'http://0xcb.0.0x7107/', 'http://dotted.example/', 'http://x.dotted.example/',
      'http://starred.example/', 'http://xn--bcher-kva.example/', 'http://[2001:db8::1]/', 'http://last.example/', 'http://1.example.9und1.example/', 'http://127.0.0.1/'],
    ['http://example/', 'http://xads.example/', 'http://ads.example.evil.test/', 'http://example.com/', 'http://203.0.113.70/', 'http://7.203.0.113.example/', 'http://[2001:db8::2]/', 'http://dotted/'])
  t.equal(open.entries, 10)
})

t.test('hosts: each name of a line, and not what is below it', async (t) => {
  const part = read('hosts', '127.0.0.1 localhost\n::1 localhost ip6-loopback\n255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n0.0.0.0 0.0.0.0\n'
    + '0.0.0.0 one.example two.example # three.example\n127.0.0.1\tTABBED.example\r\n::1 six.example\n:: any.example\n  # indented\n0.0.0.0 1.2.3.4\n192.168.1.5 server.example\nname.example\n0.0.0.0 bad/name\n0.0.0.0\n')
  t.match(part, { entries: 6, badLines: 4, firstBad: { line: 12, text: '192.168.1.5 server.example' } })
  table(t, openList(listTables('x', [{ file: 'hosts', part }])),
    ['http://one.example/', 'two.example:443', 'http://tabbed.example/', 'http://six.example/', 'http://any.example/', 'http://1.2.3.4/'],
    ['http://www.one.example/', 'http://example/', 'http://three.example/', 'http://localhost/', 'http://server.example/', 'http://name.example/', 'http://0.0.0.0/'])
})

t.test('urls: host and path prefix', async (t) => {
  const open = list({ urls: 'ads.example/banner\nhttp://scheme.example/x/\nport.example:8080/y\nwhole.example\nUPPER.example/CamelCase\n203.0.113.7/z\n[2001:db8::1]/v6\nquery.example/?id=\nuser@u.example/p' })
  table(t, open,
    ['http://ads.example/banner', 'http://ads.example/banner/1.gif', 'http://ads.example/banners', 'http://ads.example/BANNER', 'http://ads.example/%62anner', 'http://ads.example:8080/banner', 'http://scheme.example/x/', 'http://port.example/y', 'http://whole.example/', 'http://whole.example/any',
      'whole.example:443', 'http://upper.example/camelcase', 'http://203.0.113.7/z?', 'http://[2001:db8::1]/v6/x', 'http://query.example/?id=4', 'http://u.example/p'],
    ['http://ads.example/', 'http://ads.example/x/banner', 'http://www.ads.example/banner', 'ads.example:443', 'http://scheme.example/x', 'http://example/banner', 'http://query.example/?x', 'http://other.example/?u=ads.example/banner'])
})

t.test('expressions: one a line', async (t) => {
  const part = read('expressions', '# patterns\n(^|/)ads?/\n\n\\.exe$\n(?=x)y\n')
  t.match(part, { entries: 2, badLines: 1, firstBad: { line: 5, text: '(?=x)y' } })
  table(t, openList(listTables('x', [{ file: 'e', part }])), ['http://a.example/ad/1', 'http://a.example/ADS/', 'http://a.example/b.exe', 'http://a.example/b%2eexe'], ['http://a.example/bad', 'http://a.example/b.exe?x', 'a.example:443'])
})

t.test('several files make one list', async (t) => {
  const open = list({ domains: 'ads.example', urls: 'mixed.example/ads', expressions: 'popup', hosts: '0.0.0.0 exact.example' })
  table(t, open, ['http://www.ads.example/', 'http://mixed.example/ads', 'http://any.example/popup', 'http://exact.example/'], ['http://mixed.example/', 'http://www.exact.example/', 'http://any.example/'])
  t.equal(open.entries, 4)
  table(t, list({}), [], ['http://ads.example/'])
  table(t, list({ domains: '', urls: '', hosts: '', expressions: '' }), [], ['http://ads.example/', 'http://1.2.3.4/'])
})

t.test('bad lines are counted, the first is told, the rest is read', async (t) => {
  const part = read('domains', `good.example\nexample.com/path\nspace in name\n-\u0000\n${'x'.repeat(40_000)}\na..b\nexample.9\n10.0.0.0/8\nbetter.example`)
  t.match(part, { entries: 2, badLines: 7, firstBad: { line: 2, text: 'example.com/path' } })
  const tables = listTables('x', [{ file: 'lists/ads/domains', part }, { file: 'lists/ads/urls', part: read('urls', 'bad host/x\ngood.example/x') }])
  t.match(tables, { name: 'x', entries: 3, badLines: 8, firstBad: { file: 'lists/ads/domains', line: 2 } })
  t.ok((read('domains', '-'.repeat(70)).firstBad?.text.length ?? 0) <= 120)
})

t.test('a list holds what was put in, and below, and nothing else', async () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'c-d', '1', '_x')
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => [...labels, 'example'].join('.'))
  fc.assert(fc.property(fc.array(name, { maxLength: 30 }), fc.array(name, { minLength: 1, maxLength: 10 }), fc.integer({ min: 1, max: 40 }), (entries, asked, chunkSize) => {
    const domains = openList(listTables('d', [{ file: 'd', part: read('domains', entries.join('\n'), chunkSize) }]))
    const hosts = openList(listTables('h', [{ file: 'h', part: read('hosts', entries.map((entry) => `0.0.0.0 ${entry}`).join('\n'), chunkSize) }]))
    return asked.every((one) => {
      const host = parseHost(one)
      const below = entries.some((entry) => one === entry || one.endsWith(`.${entry}`))
      return host.ok && domains.matches(host.value, 'http://x/', 'http://x/') === below && hosts.matches(host.value, 'http://x/', 'http://x/') === entries.includes(one)
    })
  }), { numRuns: 300 })
})

t.test('three hundred thousand names are read quickly and lie compactly', async (t) => {
  const names = Array.from({ length: 300_000 }, (_, i) => `${(Math.imul(i, 2654435761) >>> 0).toString(36)}.site${i % 977}.example`)
  const file = Buffer.from(`${names.join('\n')}\n`)
  const reader = new ListReader('domains')
  const start = performance.now()
  for (let at = 0; at < file.length; at += 65536) reader.push(file.subarray(at, at + 65536))
  const part = reader.end()
  t.ok(performance.now() - start < 3000, `${Math.round(performance.now() - start)} ms`)
  t.equal(part.entries, names.length)
  t.ok(part.table !== undefined && tableOctets(part.table) < file.length * 1.5, 'little more than the file itself')
  const open = openList(listTables('big', [{ file: 'big', part }]))
  const has = (text: string): boolean => {
    const host = parseHost(text)
    return host.ok && open.matches(host.value, 'http://x/', 'http://x/')
  }
  t.ok(names.every((name, index) => index % 17 !== 0 || (has(name) && has(`www.${name}`))))
  t.notOk(names.some((name, index) => index % 17 === 0 && has(`x${name}`)))
})
