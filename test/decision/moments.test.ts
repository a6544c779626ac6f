// Facts in moments: what is denied before any DNS and what is left open, by whom, and the response's moment.
import t from 'tap'
import { compile, decided, facts, ip, judged, text } from './asking.ts'
import { decide } from '../../src/decision/decide.ts'
import { guard } from '../../src/decision/guard.ts'
import { decideResponse, rejudge } from '../../src/decision/response.ts'
import type { Denial } from '../../src/decision/facts.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { NOW } from './asking.ts'

const OPEN = '{ name: px, action: allow, from: any, to: gateway, services: proxy }'
const CLIENT = '10.9.9.9'

function web(rules: string, fallback = 'deny', packets = OPEN): CompiledPolicy {
  return compile(`gateway: { red: { interface: eth1 } }\nrules: [${packets}]\nweb: { default: ${fallback}, rules: [${rules}] }`)
}

t.test('denied before any DNS when every address would be', async (t) => {
  const rows: readonly (readonly [why: string, policy: CompiledPolicy, expected: string])[] = [
    ['nothing allows it', web(''), 'deny by web.default'],
    ['an allow that is open on the address may hold', web('{ name: a, action: allow, to: 93.184.215.0/24 }'), 'open'],
    ['a deny that is open on the address may not hold', web('{ name: d, action: deny, to: 93.184.215.0/24 }', 'allow'), 'open'],
    ['an allow for addresses that an earlier deny takes whole', web('{ name: d, action: deny, to: 93.184.0.0/16 }, { name: a, action: allow, to: 93.184.215.0/24 }'), 'deny by web.default'],
    ['an allow for private addresses that nothing opens', web('{ name: a, action: allow, to: 10.0.0.0/8 }'), 'deny by web.default'],
    ['an allow that opens them', web('{ name: a, action: allow, resolves-to: 10.0.0.0/8 }'), 'open'],
    ['an allow whose two conditions share no address', web('{ name: a, action: allow, to: 93.184.215.0/24, resolves-to: 10.0.0.0/8 }'), 'deny by web.default'],
    ['two denials that together take everything', web('{ name: d, action: deny, to: 0.0.0.0/1 }, { name: e, action: deny, to: [128.0.0.0/1, "::/0"] }', 'allow'), 'deny by d'],
    ['a deny of everything but one address', web('{ name: d, action: deny, to: [0.0.0.0-93.184.215.13, 93.184.215.15-255.255.255.255, "::/0"] }', 'allow'), 'open'],
    ['an explicit packet denial of the whole internet on the proxy\'s path', web('', 'allow', `${OPEN}, { name: p, action: deny, from: any, to: any, services: tcp/80, via: proxy }`), 'deny by p'],
    ['one of another port', web('', 'allow', `${OPEN}, { name: p, action: deny, from: any, to: any, services: tcp/81, via: proxy }`), 'open'],
    ['one of direct packets', web('', 'allow', `${OPEN}, { name: p, action: deny, from: any, to: any, services: tcp/80 }`), 'open'],
    ['a denial that is named where the last word is no', web('{ name: a, action: allow, to: 10.0.0.0/8 }, { name: n, action: deny, host: x.test }'), 'deny by n'],
  ]
  for (const [why, policy, expected] of rows) t.equal(decided(policy, CLIENT, 'GET http://x.test/'), expected, `${why}: ${expected}`)
})

t.test('`to` in web rules: host patterns at once, networks for each address', async (t) => {
  const policy = web('{ name: no, action: deny, to: [93.184.215.0/24, .bad.test] }, { name: in, action: deny, to: internet, host: direct.test }', 'allow')
  t.equal(decided(policy, CLIENT, 'GET http://www.bad.test/'), 'deny by no')
  t.equal(decided(policy, CLIENT, 'GET http://93.184.215.14/'), 'deny by no', 'a numeric target is known at once')
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.215.14']), 'deny by no')
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.215.14', '93.184.216.34']), 'allow by web.default', 'one address that is allowed is enough')
  t.equal(decided(policy, CLIENT, 'GET http://direct.test/'), 'deny by in', 'every public address is internet')
  const inner = web('{ name: no, action: deny, to: 10.0.0.0/8 }, { name: all, action: allow, resolves-to: [0.0.0.0/0, "::/0"] }')
  t.equal(judged(inner, CLIENT, 'GET http://x.test/', ['64:ff9b::10.1.1.1']), 'deny by no', 'a denial holds for the address inside another')
  t.equal(judged(inner, CLIENT, 'GET http://x.test/', ['64:ff9b::11.1.1.1']), 'allow by all')
})

t.test('packet denials are held on the proxy\'s path', async (t) => {
  const policy = web('', 'allow', `${OPEN},
    { name: but-this, action: allow, from: any, to: 93.184.215.14, services: tcp/80 }, { name: msn, action: reject, from: 10.9.0.0/16, to: 93.184.215.0/24, services: [tcp/1863, http] },
    { name: direct-only, action: deny, from: any, to: 93.184.216.0/24, services: http, via: direct }, { name: udp, action: deny, from: any, to: 93.184.217.0/24, services: udp/80 }`)
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.215.15']), 'deny by msn')
  t.equal(judged(policy, CLIENT, 'GET http://x.test:1863/', ['93.184.215.14']), 'deny by msn')
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.215.14']), 'allow by web.default', 'an earlier allow decides first')
  t.equal(judged(policy, '10.8.9.9', 'GET http://x.test/', ['93.184.215.15']), 'allow by web.default', 'another client')
  t.equal(judged(policy, CLIENT, 'GET http://x.test:8080/', ['93.184.215.15']), 'allow by web.default', 'another port')
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.216.1']), 'allow by web.default', '`via: direct`')
  t.equal(judged(policy, CLIENT, 'GET http://x.test/', ['93.184.217.1']), 'allow by web.default', 'UDP is not what the proxy sends')
  t.equal(decided(policy, CLIENT, 'GET http://93.184.215.15/'), 'deny by msn', 'a numeric target before anything is sent')
})

t.test('the response\'s content-type', async (t) => {
  const policy = web('{ name: zip, action: deny, content-type: application/zip, host: .files.test }, { name: video, action: deny, content-type: "video/*" }, { name: ok, action: allow, methods: [GET] }')
  const asked = (request: string, type: string | undefined): string => {
    const leave = decide(policy, facts(policy, CLIENT, request))
    const permit = leave.verdict === 'open' ? guard(policy, leave, [ip('93.184.215.14')]) : leave
    if (permit.verdict === 'deny') return text(permit)
    const [endpoint] = permit.endpoints
    return endpoint === undefined ? 'none' : text(decideResponse(policy, permit, endpoint, type))
  }
  const rows: readonly (readonly [request: string, type: string | undefined, expected: string])[] = [
    ['GET http://x.files.test/', 'application/zip', 'deny by zip'],
    ['GET http://x.files.test/', 'Application/ZIP; name=a', 'deny by zip'],
    ['GET http://x.files.test/', 'text/html, application/zip', 'deny by zip'],
    ['GET http://x.test/', 'application/zip', 'allow'],
    ['GET http://x.test/', 'video/mp4', 'deny by video'],
    ['GET http://x.test/', undefined, 'allow'],
    ['GET http://x.test/', 'text/html', 'allow'],
    ['POST http://x.test/', 'text/html', 'deny by web.default'],
  ]
  for (const [request, type, expected] of rows) t.equal(asked(request, type), expected, `${request} answered by ${type ?? 'no type'}: ${expected}`)
  t.equal(decided(policy, CLIENT, 'POST http://x.test/', { contentType: 'video/mp4' }), 'deny by video', 'of the request too')
})

/** As `text`: what goes on is allowed. */
function stands(...asked: Parameters<typeof rejudge>): Denial | undefined {
  const judged = rejudge(...asked)
  return judged.verdict === 'deny' ? judged : undefined
}

t.test('what is open is judged anew', async (t) => {
  const before = web('', 'allow')
  const asked = facts(before, CLIENT, 'CONNECT x.test:443')
  const leave = decide(before, asked)
  const permit = leave.verdict === 'open' ? guard(before, leave, [ip('93.184.215.14')]) : undefined
  const endpoint = permit?.verdict === 'allow' ? permit.endpoints[0] : undefined
  if (endpoint === undefined) throw new Error('no endpoint')
  const after: readonly (readonly [why: string, policy: CompiledPolicy, expected: string])[] = [
    ['the same policy', web('', 'allow'), 'allow'],
    ['the host is now denied', web('{ name: x, action: deny, host: x.test }', 'allow'), 'deny by x'],
    ['another host is', web('{ name: x, action: deny, host: y.test }', 'allow'), 'allow'],
    ['its address is now denied', web('{ name: x, action: deny, to: 93.184.215.14 }', 'allow'), 'deny by x'],
    ['the client may no more reach the proxy', web('', 'allow', '{ name: other, action: allow, from: 10.1.1.1, to: gateway, services: proxy }'), 'deny by default'],
    ['the new policy only observes', compile(`mode: observe\nrules: [${OPEN}]\nweb: { default: deny }`), 'allow'],
  ]
  for (const [why, policy, expected] of after) t.equal(text(stands(policy, { ...asked, now: NOW + 1 }, endpoint)), expected, `${why}: ${expected}`)
})
