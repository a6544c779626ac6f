// Absolute URIs: the target out of them, and not one octet of path or query changed.
import t from 'tap'
import fc from 'fast-check'
import { authorityText } from '../../src/net/target.ts'
import { canonicalUri, decodeUnreserved, parseHttpUri, pathProblem } from '../../src/net/uri.ts'

t.test('what is taken out of a URI', async (t) => {
  const rows: readonly (readonly [string, string, string, boolean])[] = [
    ['http://example.com/', 'example.com', '/', false], ['http://example.com', 'example.com', '/', true], ['HTTP://EXAMPLE.COM:80', 'example.com', '/', true],
    ['http://example.com?q', 'example.com', '/?q', false], ['http://example.com?', 'example.com', '/?', false], ['http://example.com/a#f?x', 'example.com', '/a', false],
    ['http://example.com:8080/a/../b//c/./%7e%2F;p=1?x=1&y=%41', 'example.com:8080', '/a/../b//c/./%7e%2F;p=1?x=1&y=%41', false],
    ['http://example.com/a@b:c', 'example.com', '/a@b:c', false], ['http://example.com/http://other/', 'example.com', '/http://other/', false], ['http://example.com//other/', 'example.com', '//other/', false],
    ['http://example.com/\xfc\xc3\xa9\x80', 'example.com', '/\xfc\xc3\xa9\x80', false], ['http://example.com/a\\b|c"<>{}^`', 'example.com', '/a\\b|c"<>{}^`', false], ['http://example.com/%00%0d%0a', 'example.com', '/%00%0d%0a', false],
    ['http://127.1/x', '127.0.0.1', '/x', false], ['http://[::1]:8080/x', '[::1]:8080', '/x', false], ['http://example.com:/x', 'example.com', '/x', false],
  ]
  for (const [text, authority, path, asterisk] of rows) {
    const parsed = parseHttpUri(text)
    t.same(parsed.ok ? [authorityText(parsed.value.target, 80), parsed.value.path, parsed.value.asterisk] : parsed.problem, [authority, path, asterisk], text)
  }
})

t.test('what is refused', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['https://example.com/', /scheme is not http/], ['ftp://example.com/', /scheme/], ['ws://example.com/', /scheme/], ['httpx://a/', /scheme/], ['x://a', /scheme/], ['://a/', /scheme/], ['urn:x', /no absolute/], ['/path', /no absolute/], ['*', /no absolute/],
    ['http:/example.com/', /no absolute/], ['http:example.com', /no absolute/], ['http:///x', /host is empty/], ['http://', /host is empty/], ['http://:80/', /host is empty/], ['http://?x', /host is empty/],
    ['http://user@example.com/', /userinfo/], ['http://user:pw@example.com/', /userinfo/], ['http://example.com@evil/', /userinfo/], ['http://@example.com/', /userinfo/],
    ['http://example.com\\@evil/', /userinfo/], ['http://example.com\\.evil/', /character/], ['http://example.com:0/', /port/], ['http://example.com:99999/', /port/], ['http://example.com:8o/', /port/],
    ['http://exa mple.com/', /character/], ['http://example.com/a b', /space or a control/], ['http://example.com/\0', /control/], ['http://example.com/\r\nHost: x', /control/], ['http://example.com/\t', /control/], ['http://example.com/\x7f', /control/],
    ['http://example.com#f', /fragment/], ['http://example.com#', /fragment/], ['http://example.com:80#@b', /fragment/], ['http://example.com/?a b', /control/], ['http://example.com/#a\nb', /control/], ['http://example.com/\u20ac', /no octet/],
  ]
  for (const [text, problem] of rows) {
    const parsed = parseHttpUri(text)
    t.match(parsed.ok ? 'was read' : parsed.problem, problem, JSON.stringify(text))
  }
})

t.test('path and query pass as they are', async () => {
  const octet = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f && code !== 0x23).map((code) => String.fromCharCode(code))
  fc.assert(fc.property(fc.array(octet, { maxLength: 40 }), (octets) => {
    const path = `/${octets.join('')}`
    const parsed = parseHttpUri(`http://h.example:81${path}`)
    return parsed.ok && parsed.value.path === path && canonicalUri(parsed.value.target, parsed.value.path) === `http://h.example:81${path}` && pathProblem(path) === undefined
  }), { numRuns: 500 })
})

t.test('escapes of unreserved characters, and of no others', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['http://a/%67ateway%2Edll', 'http://a/gateway.dll'], ['/%41%5a%61%7A%30%39%2d%2e%5f%7e', '/AZaz09-._~'], ['/%2f%3F%23%25%20%00%C3%BC', '/%2f%3F%23%25%20%00%C3%BC'],
    ['/%2567', '/%2567'], ['/%', '/%'], ['/%4', '/%4'], ['/%4g%41', '/%4gA'], ['/%%41', '/%A'], ['', ''],
  ]
  for (const [text, expected] of rows) t.equal(decodeUnreserved(text), expected, text)
  const plain = 'http://example.com/nothing?to=do'
  t.equal(decodeUnreserved(plain), plain)
})
