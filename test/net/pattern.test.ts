// Host patterns as policy.md says them: a name, the names below, both; other globs stay in their label.
import t from 'tap'
import fc from 'fast-check'
import { hostMatcher, parseHostPattern } from '../../src/net/pattern.ts'
import type { HostPattern } from '../../src/net/pattern.ts'
import { parseHostName } from '../../src/net/hostname.ts'
import type { HostName } from '../../src/net/hostname.ts'

function pattern(text: string): HostPattern {
  const parsed = parseHostPattern(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.pattern
}

function name(text: string): HostName {
  const found = parseHostName(text)
  if (found === undefined) throw new Error(text)
  return found
}

t.test('what a pattern holds', async (t) => {
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['example.com', ['example.com', 'EXAMPLE.COM.'], ['www.example.com', 'example.co', 'notexample.com', 'com']],
    ['*.example.com', ['www.example.com', 'a.b.c.example.com', '_x.example.com'], ['example.com', 'wwwexample.com', 'www.example.com.evil.test', 'xexample.com']],
    ['.example.com', ['example.com', 'www.example.com', 'a.b.example.com'], ['notexample.com', 'example.com.evil.test', 'com']],
    ['cdn-*.example.com', ['cdn-1.example.com', 'cdn-.example.com', 'cdn-a-b.example.com'], ['cdn-1.x.example.com', 'xcdn-1.example.com', 'cdn.example.com', 'www.cdn-1.example.com']],
    ['ads?.example.com', ['ads1.example.com', 'adsx.example.com'], ['ads.example.com', 'ads12.example.com', 'ads.x.example.com']],
    ['[a-c].example.com', ['a.example.com', 'c.example.com'], ['d.example.com', 'ab.example.com', 'example.com']],
    ['[!a-c]x.example.com', ['dx.example.com', '1x.example.com'], ['ax.example.com', 'x.example.com']],
    ['[^a]x.example.com', ['bx.example.com'], ['ax.example.com']],
    ['a[!b]c.example.com', ['axc.example.com'], ['abc.example.com', 'a.c.example.com']],
    ['{a,b-*}.example.com', ['a.example.com', 'b-1.example.com'], ['b.example.com', 'c.example.com']],
    ['*example.com', ['example.com', 'notexample.com'], ['www.example.com', 'a.notexample.com']],
    ['*.*.example.com', ['a.b.example.com'], ['a.example.com', 'a.b.c.example.com']],
    ['www.*.example', ['www.a.example'], ['www.a.b.example', 'www.example']],
    ['*', ['localhost', 'printer'], ['example.com']],
    ['bücher.example', ['xn--bcher-kva.example', 'BÜCHER.example'], ['bucher.example']],
    ['*.BÜCHER.example', ['www.xn--bcher-kva.example'], ['xn--bcher-kva.example']],
    ['ads-*.bücher.example', ['ads-1.xn--bcher-kva.example'], ['ads-1.bucher.example']],
    ['Example.COM.', ['example.com'], []], ['_dmarc.example.com', ['_dmarc.example.com'], []],
  ]
  for (const [text, held, left] of rows) {
    const matcher = hostMatcher([pattern(text)])
    for (const host of held) t.ok(matcher.has(name(host)), `${text} holds ${host}`)
    for (const host of left) t.notOk(matcher.has(name(host)), `${text} does not hold ${host}`)
  }
})

t.test('broader than it looks: a warning', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['*example.com', /otherexample\.com/], ['*', /one label/], ['*.com', /under `com`/], ['.de', /under `de`/], ['*.co.uk', /under `co\.uk`/], ['.com.au', /com\.au/], ['example.*', /anyone can register/], ['exam?le.com', /anyone can register/],
    ['cdn-*.com', /anyone can register/], ['www.*.com', /anyone can register/], ['*.*.co.uk', /anyone can register/], ['{good,bad*}.com', /anyone|broader/],
  ]
  for (const [text, warning] of rows) {
    const parsed = parseHostPattern(text)
    t.match(parsed.ok ? parsed.warning : `refused: ${parsed.problem}`, warning, text)
  }
  for (const text of ['example.com', '*.example.com', '.example.com', '*.updates.example', 'cdn-*.example.com', 'ads?.example.com', '[a-c].example.com', '.internal', '*.test', '.videos.example', '*.bbc.co.uk', '*-cdn.example.com', '{a,b}.example.com']) {
    const parsed = parseHostPattern(text)
    t.equal(parsed.ok ? parsed.warning : parsed.problem, undefined, text)
  }
})

t.test('what is no pattern, and what to write instead', async (t) => {
  const rows: readonly (readonly [string, RegExp, RegExp?])[] = [
    ['http://example.com/x', /is a URL/, /`example\.com`/], ['example.com/x', /slash/, /`example\.com`/], ['example.com:8080', /port/, /ports: \[8080\]/], ['!example.com', /negated/],
    ['10.0.0.1', /is a number/, /network/], ['192.168.*', /addresses/, /network/], ['192.168.51.*', /addresses/, /`192\.168\.51\.0\/24`/], ['10.*.*.*', /addresses/], ['0x7f.1', /is a number/], ['*.1', /is a number/], ['[::1]', /is an address/, /host: numeric/], ['::1', /no host/],
    ['**.example.com', /two stars/, /\.name/], ['a..b', /no host name/], ['', /no host name/], ['.', /no host name/], ['*.', /one label|no host/], ['exa mple.com', /no host name/], ['a b*.com', /no host pattern/],
    ['[a.example.com', /no host pattern/], ['a].example.com', /no host pattern/], ['[].example.com', /no host pattern/], ['[c-a].example.com', /back to front/], ['{a.example.com', /braces/], ['{a}.example.com', /braces/], ['a,b.example.com', /no host name/], ['a,b*.example.com', /braces/], ['{a,{b,c}}.example.com', /braces/], ['{1..9}.example.com', /braces/],
    ['+(a).example.com', /no host pattern/, /`uri`/], ['^example\\.com$', /no host pattern/, /`uri`/], ['(a|b).example.com', /no host pattern/], ['bü*.example.com', /no host pattern/], ['*a*b*c*d.example.com', /more than 3 stars/], ['user@example.com', /no host pattern/],
  ]
  for (const [text, problem, hint] of rows) {
    const parsed = parseHostPattern(text)
    t.match(parsed.ok ? `was read, ${parsed.warning ?? 'no warning'}` : parsed.problem, problem, text)
    if (!parsed.ok && hint !== undefined) t.match(parsed.hint, hint, text)
  }
})

t.test('many patterns say together what they say one by one', async () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'c-1', 'x')
  const host = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => name([...labels, 'example'].join('.')))
  const text = fc.tuple(fc.constantFrom('', '.', '*.', 'a*.', '?.', '[a-b].'), host).map(([prefix, base]) => prefix + base)
  fc.assert(fc.property(fc.array(text, { maxLength: 12 }), fc.array(host, { minLength: 1, maxLength: 8 }), (texts, hosts) => {
    const patterns = texts.map(pattern)
    const together = hostMatcher(patterns)
    const apart = patterns.map((one) => hostMatcher([one]))
    return together.empty === (texts.length === 0) && hosts.every((one) => together.has(one) === apart.some((matcher) => matcher.has(one)))
  }), { numRuns: 500 })
})

t.test('suffixes are whole labels: held against the definition', async () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'ba')
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => name(labels.join('.')))
  fc.assert(fc.property(host, host, (base, one) => {
    const below = one.endsWith(`.${base}`)
    return hostMatcher([pattern(base)]).has(one) === (one === base) && hostMatcher([pattern(`*.${base}`)]).has(one) === below && hostMatcher([pattern(`.${base}`)]).has(one) === (below || one === base)
  }), { numRuns: 1000 })
})

t.test('a hostile name costs a glob no time', async (t) => {
  const matcher = hostMatcher(['*a*a*ab.example.com', '*-*-*x.example.com', '*a*a*ab.*a*a*ab.*a*a*ab.*.com'].map(pattern))
  const hostile = [name(`${'a'.repeat(63)}.example.com`), name(`${'a'.repeat(62)}b.${'a'.repeat(62)}b.${'a'.repeat(63)}.x.com`), name(`${'-'.repeat(63)}.example.com`)]
  const start = performance.now()
  for (let i = 0; i < 50; i++) for (const one of hostile) if (matcher.has(one)) t.fail(one)
  t.ok(performance.now() - start < 2000, 'a fraction of a millisecond each')
})
