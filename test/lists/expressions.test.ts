// Expressions over URIs: what is refused and why, that time is linear, and that finding literals first changes no answer.
import t from 'tap'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { checkExpression, compileExpressions } from '../../src/lists/expressions.ts'
import { requiredLiterals } from '../../src/lists/literals.ts'

t.test('what matches', async (t) => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['gateway\\.dll', 'http://messenger.example/gateway/gateway.dll?Action=open', true], ['gateway\\.dll', 'http://a/GATEWAY.DLL', true], ['gateway\\.dll', 'http://a/gatewayXdll', false],
    ['x-msn-messenger', 'http://a/x-MSN-messenger', true], ['^http://a/', 'http://a/x', true], ['^http://a/', 'http://b/http://a/', false], ['\\.exe$', 'http://a/b.exe', true], ['\\.exe$', 'http://a/b.exe?x', false],
    ['^http://x:1863/', 'http://x:1863/', true], ['(foo|bar)\\d+', 'http://a/BAR7', true], ['(foo|bar)\\d+', 'http://a/baz7', false], ['a{2,3}b', 'xaab', true], ['a{2,3}b', 'xab', false],
    ['(^|[-\\?+=&/_])(bondage|boobs?|busty?)([-\\?+=&/_]|$)', 'http://a/busty/', true], ['(^|[-\\?+=&/_])(bondage|boobs?|busty?)([-\\?+=&/_]|$)', 'http://a/robust/', false],
    ['\\xc3\\xbc', 'http://a/\xc3\xbc', true], ['%c3%bc', 'http://a/%C3%BC', true], ['[[:digit:]]{3}', 'http://a/123', true], ['\\Qa.b\\E', 'http://a.b/', true], ['\\Qa.b\\E', 'http://axb/', false], ['(?-i)ABC', 'http://a/abc', false], ['(?-i)ABC', 'http://a/ABC', true],
    ['(?-i:A)bc', 'http://x/abc', false], ['.', 'x', true], ['a|', 'zzz', true], ['(?i)ABC', 'abc', true],
  ]
  for (const [source, text, expected] of rows) {
    t.equal(checkExpression(source), undefined, `${source} compiles`)
    t.equal(compileExpressions([source]).firstMatch(text, text) === 0, expected, `${source} ${expected ? 'is' : 'is not'} in ${text}`)
  }
})

t.test('what is refused, and why', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /empty: it would match everything/], ['(a)\\1', /reference back/], ['(?=a)', /looking ahead or behind/], ['a(?!b)', /looking ahead/], ['(?<=a)b', /looking ahead or behind/], ['(?<!a)b', /looking/], ['(?>a)', /atomic/],
    ['(', /missing closing \)/], ['[a', /missing closing \]/], ['*a', /missing argument/], ['a**', /nested repetition/], ['a++', /nested repetition/], ['\\e', /invalid escape/], ['a{1001}', /repeat count/], ['((a{100}){100}){100}', /repeat count/],
    ['x'.repeat(8193), /8192 are the most/], ['(?x)a', /Perl syntax/], ['bücher', /write `%C3%BC`/], ['a\nb', /control character/], ['a\tb', /control/], ['\ud800', /never stands/],
  ]
  for (const [source, problem] of rows) t.match(checkExpression(source), problem, source.slice(0, 40))
})

t.test('either text counts: as sent, or with unreserved escapes decoded', async (t) => {
  const set = compileExpressions(['gateway\\.dll', 'only%2d'])
  t.equal(set.firstMatch('http://a/%67ateway.dll', 'http://a/gateway.dll'), 0)
  t.equal(set.firstMatch('http://a/only%2d', 'http://a/only-'), 1)
  const is = set.matching('http://a/%67ateway.dll/only%2d', 'http://a/gateway.dll/only-')
  t.ok(is(0) && is(1))
  t.equal(set.firstMatch('http://a/', 'http://a/'), -1)
  t.notOk(set.matching('http://a/', 'http://a/')(0))
})

t.test('the first of several is told', async (t) => {
  const set = compileExpressions(['never', '[0-9]{5}', 'ads', '.*x$', 'ads/[a-z]', '^q'])
  t.equal(set.firstMatch('http://a/ads/b', 'http://a/ads/b'), 2)
  t.equal(set.firstMatch('http://a/ads/12345', 'http://a/ads/12345'), 1)
  t.equal(set.firstMatch('http://a/x', 'http://a/x'), 3)
  const is = set.matching('http://a/ads/x', 'http://a/ads/x')
  t.same([0, 1, 2, 3, 4, 5].filter(is), [2, 3, 4])
  t.equal(compileExpressions([]).firstMatch('x', 'x'), -1)
  t.notOk(compileExpressions([]).matching('x', 'x')(0))
})

t.test('hostile expressions and texts take linear time', async (t) => {
  const sources = ['^(a+)+$', '(a|aa)+$', '(.*)(.*)(.*)(.*)(.*)x$', '(a|b)*a(a|b){14}c', '([a-z]+)*\\.exe', 'a.*a.*a.*a.*b', '(x+x+)+y']
  for (const source of sources) t.equal(checkExpression(source), undefined, source)
  const set = compileExpressions(sources)
  const texts = ['a', 'ab', 'x', 'aab.ex'].map((unit) => `${unit.repeat(32_768 / unit.length)}!`)
  const start = performance.now()
  for (const text of texts) set.firstMatch(text, `${text}~`)
  t.ok(performance.now() - start < 5000, `${Math.round(performance.now() - start)} ms for ${texts.length} URIs of 32 KiB`)
})

const atom = fc.constantFrom('a', 'b', 'K', 's', '.', '\\.', '[ab]', '[^a]', '[]x]', '[[:alpha:]b]', '\\d', '\\w', '\\b', '^', '$', '-', '/', '%', 'ab', 'abc', '\\x61', '\\141', '\\Qa*\\E', '\\pL', '{', '}', 'a{', '(?i)', '(?-i)', '\\/')
const quantifier = fc.constantFrom('', '', '', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?', '{,2}')
const source: fc.Arbitrary<string> = fc.letrec<{ expression: string; branch: string; piece: string }>((tie) => ({
  expression: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|')),
  branch: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.tuple(atom, quantifier).map(([one, times]) => one + times),
    fc.tuple(fc.constantFrom('(', '(?:', '(?i:', '(?-i:', '(?P<n>'), tie('expression'), quantifier).map(([open, inner, times]) => `${open}${inner})${times}`)),
})).expression
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', 'k', 's', '\u212a', '\u017f', '.', '-', '/', '%', '1', 'x', '*', '{', '}', '2', ',', '\xe9'), maxLength: 12 })

t.test('no text matches without the literals that are said to be needed', async () => {
  fc.assert(fc.property(source, fc.array(text, { minLength: 1, maxLength: 10 }), (expression, texts) => {
    if (checkExpression(expression) !== undefined) return true
    const plain = RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE)
    const set = compileExpressions([expression])
    return texts.every((one) => set.firstMatch(one, one) === (plain.test(one) ? 0 : -1))
  }), { numRuns: 3000 })
})

t.test('many at once say what each says alone', async () => {
  fc.assert(fc.property(fc.array(source, { minLength: 1, maxLength: 24 }), text, text, (expressions, one, other) => {
    const sources = expressions.filter((expression) => checkExpression(expression) === undefined)
    const set = compileExpressions(sources)
    const is = set.matching(one, other)
    const alone = sources.map((expression) => {
      const plain = RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE)
      return plain.test(one) || plain.test(other)
    })
    return set.firstMatch(one, other) === alone.indexOf(true) && alone.every((expected, index) => is(index) === expected)
  }), { numRuns: 500 })
})

t.test('literals that an expression needs', async (t) => {
  const rows: readonly (readonly [string, readonly string[] | undefined, boolean])[] = [
    ['gateway\\.dll', ['gateway.dll'], true], ['GATEWAY', ['gateway'], true], ['(foo|bar)', ['foo', 'bar'], true], ['foo|bar', ['foo', 'bar'], true], ['(foo|bar)\\d+\\.exe', ['.exe'], false],
    ['fooo?', ['foo'], false], ['fo+bar', ['bar'], false], ['[a-z]+', undefined, false], ['foo|[a-z]', undefined, false], ['', undefined, false], ['a(b|)c', ['a'], false], ['(?-i)ABC', ['abc'], false], ['^abc$', ['abc'], false],
    ['x{0}y', ['y'], false], ['(abc){2}', ['abc'], false], ['\\Qab\\E', undefined, false], ['\\x61bc', undefined, false],
  ]
  for (const [expression, any, whole] of rows) t.same(requiredLiterals(expression, 16), { any, whole }, expression)
  t.same(requiredLiterals('gateway', 4), { any: ['gate'], whole: false }, 'a prefix is needed, and not enough')
})

t.test('ten thousand expressions are asked in one pass', async (t) => {
  const set = compileExpressions(Array.from({ length: 10_000 }, (_, i) => `word${i}x\\.(exe|com)`))
  const uri = `http://www.example.com/${'path/'.repeat(100)}index.html`
  t.equal(set.firstMatch(`${uri}word777x.com`, uri), 777)
  const start = performance.now()
  for (let i = 0; i < 2000; i++) set.firstMatch(uri, uri)
  t.ok(performance.now() - start < 1000, 'half a millisecond for each is far too slow; microseconds are meant')
})
