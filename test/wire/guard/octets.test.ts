// Hundreds of spellings of what is closed, as octets on the wire: in the target of a plain request, in a CONNECT, inside one to port 80, in the Host
// field. Each is refused, and nobody on loopback is ever reached. Then authorities that could mean two things, and ports (wire rule 16, 17, D2).
import t from 'tap'
import fc from 'fast-check'
import { octetsFromText } from '../../../src/net/octets.ts'
import { parseHost } from '../../../src/net/target.ts'
import { scopeOf } from '../../../src/net/scope.ts'
import { startGateway } from '../../proxy/gateway.ts'
import { answerOf, ask, each, say } from './ask.ts'
import type { Answer } from './ask.ts'
import { bracketed, EDGES, names, numbers } from './forms.ts'
import { places } from './places.ts'

const POLICY = `version: 1
name: octets
limits: { new-per-second-per-client: 100000, new-per-second: 100000, dns: 1s }
rules: [{ name: use, action: allow, from: any, to: gateway, services: proxy }]
web:
  default: allow
  ports: [80, 1024-65535]
  connect-ports: [80, 1024-65535]
  tunnels: { require-tls: false, server-name: any }
  rules: [{ name: mine, action: allow, host: ok.test, resolves-to: [127.77.0.0/16] }]
`

const CLOSED_FORMS = [
  '127.0.0.1', '127.0.0.1.', '127.1', '127.0.1', '0177.0.0.1', '0x7f.1', '0X7F.0X1', '2130706433', '017700000001', '0x7f000001', '127.0.0.0x1', '0', '0x0', '00.0', '0.0.0.0', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '%30x7f.1', '%EF%BC%91%ef%bc%92%EF%BC%97.1', '127%E3%80%821', '%E2%91%A0%E2%91%A1%E2%91%A6.1',
  '%F0%9D%9F%8F27.1', '127.%E2%82%80.0.1', '%C2%AD127.1', '1%E2%80%8B27.1', '[::1]', '[0::1]', '[::]', '[::ffff:127.0.0.1]', '[::FFFF:7F00:1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::127.0.0.1]', '[2002:7f00:1::]', '[2001::80ff:fffe]', '[fe80::5efe:127.0.0.1]', '[2a00::200:5efe:7f00:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]',
  'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '%6Cocalhost', 'local%68ost%2e', 'l%EF%BD%8Fcalhost', '%E2%93%9Bocalhost', 'loc%C2%ADalhost', 'loopback.test', 'LOOPBACK.test.', 'loop%62ack.test', '10.0.0.1', '169.254.169.254', '0xa9fea9fe', '0251.0376.0251.0376', '[fd00:ec2::254]', '[fe80::1]', '100.64.0.1', '192.168.1.1', '255.255.255.255', '224.0.0.1',
]
/** Never a host, whatever it means to somebody. */
const NO_HOST = [
  '127.0.0.1%00', 'ok.test%00', 'ok.test%00.localhost', '%00', '127.0.0.1%20', '127.0.0.1%09', 'ok.test%0d%0a', 'ok.test%2f', '127.0.0.1%2fok.test', 'ok.test%23', 'ok.test%3f', 'ok.test%40127.0.0.1', 'ok.test%5c', '%2531%2532%2537.1', '%25', '127.1%', '127.1%2', '127.1%zz', '127.0.0.1..', 'ok.test..', '.ok.test', 'ok..test', '.',
  '1.2.3.4.5', '256.256.256.256', '127.0.0.256', '0x', '1.2.3.0x', '09.1', '127.0.0.08', '4294967296', '0x100000000', 'ok.test.1', 'ok.0x1', '[::1', '::1]', '[[::1]]', '[::1]]', '[]', '[:]', '[127.0.0.1]', '[ok.test]', '[::1%25lo]', '[::1%lo]', '[fe80::1%251]', '[v1.x]', '[vf.::1]', '[::ffff:7f.1]', '[::ffff:0x7f.1]', '[::ffff:0177.0.0.1]', '[::%31]', '[1::2::3]', '[::1/128]',
  '*.test', 'ok,test', 'ok;test', "ok'test", 'ok(test)', 'ok+test', 'ok=test', 'ok&test', 'ok$test', 'ok!test', 'ok~test', 'ok|test', 'ok^test', 'ok`test', 'ok{test}', 'ok<test>', 'ok"test', 'ok\\test', `${'a'.repeat(64)}.test`, `${'a.'.repeat(127)}test`, 'ok%C0%AEtest', 'ok%ED%A0%80test', 'ok%F5%80%80%80test', 'ok%FFtest', 'ok%E2%84%80test', 'ok%EF%BC%8Ftest', 'ok%EF%BC%A0test', '1%D7%90.test',
]

const octal = (text: string): boolean => /[^\x21-\x7e]/.test(text)
/** Generated ones, but those that mean a public address: nothing may leave this machine. */
function generated(): string[] {
  const all = [numbers, names, bracketed].flatMap((arbitrary) => fc.sample(arbitrary, { seed: 7, numRuns: 130 })).concat(EDGES).map(octetsFromText)
  return [...new Set(all)].filter((form) => {
    if (form === '' || /[\s/?#@]/.test(form)) return false
    const parsed = parseHost(form)
    return !parsed.ok || parsed.value.kind === 'name' || scopeOf(parsed.value.address) !== 'public'
  })
}

const isAddress = (form: string): boolean => {
  const host = URL.parse(`http://${form}/`)?.hostname
  return host !== undefined && /^(?:\[.*\]|[\d.]+)$/.test(host)
}

/** What became of each, plain, by CONNECT and inside one to port 80. */
function onEveryWay(proxy: number, forms: readonly string[], port: number): Promise<(readonly [string, string[]])[]> {
  return each(forms, 12, async (form) => {
    const results: string[] = []
    for (const [way, to] of [['plain', port], ['connect', port], ['inside', 80]] as const) results.push(`${told(await ask(proxy, way, `${form}:${to}`))} (${way})`)
    return [form, results] as const
  })
}

const told = ({ status, rule, error }: Answer): string => `${status} ${rule ?? ''} ${error ?? ''}`

t.test('before a worker', { timeout: 110_000 }, async (t) => {
  const hosts = '127.77.0.1 ok.test\n127.0.0.1 loopback.test\n'
  const gateway = await startGateway(t, POLICY, hosts)
  const here = await places(t, ['127.77.0.1', '127.0.0.1', '::1'])
  const { port } = here

  await t.test('what means something closed: 403, or 400', async (t) => {
    for (const [form, results] of await onEveryWay(gateway.port, CLOSED_FORMS, port)) t.same(results.filter((each) => !/^(?:403 private|400 framing)/.test(each)), [], form)
  })

  await t.test('what is no host: 400', async (t) => {
    for (const [form, results] of await onEveryWay(gateway.port, NO_HOST, port)) t.same(results.filter((each) => !each.startsWith('400 framing')), [], form)
  })

  const many = generated()
  await t.test(`${many.length} generated ones`, async (t) => {
    const wrong: string[] = []
    for (const [form, results] of await onEveryWay(gateway.port, many, port)) {
      // a name that nobody knows is refused by the DNS, which is not there
      const right = octal(form) ? /^400 framing/ : isAddress(form) ? /^(?:403 private|400 framing)/ : /^(?:403 private|400 framing|50[24] upstream dns_)/
      wrong.push(...results.filter((each) => !right.test(each)).map((each) => `${JSON.stringify(form)}: ${each}`))
    }
    t.same(wrong, [])
  })

  await t.test('a Host field leads nowhere', async (t) => {
    const fields = [...CLOSED_FORMS, ...NO_HOST.filter((form) => !/[\r\n]/.test(form))].map((form) => `${form}:${port}`)
    const wrong: string[] = []
    await each(fields, 12, async (field) => {
      const plain = answerOf(await say(gateway.port, `GET http://ok.test:${port}/ HTTP/1.1\r\nHost: ${field}\r\nConnection: close\r\n\r\n`))
      // RFC 9112 3.2.2: a Host beside an absolute target is replaced; one that is none is refused
      if (plain.status !== 200 && plain.status !== 400) wrong.push(`Host: ${field}: ${told(plain)}`)
      const own = answerOf(await say(gateway.port, `GET /x HTTP/1.1\r\nHost: ${field}\r\nConnection: close\r\n\r\n`))
      if (![400, 403, 404].includes(own.status)) wrong.push(`origin-form, Host: ${field}: ${told(own)}`)
      const inside = answerOf(answerOf(await say(gateway.port, `CONNECT ok.test:80 HTTP/1.1\r\nHost: ok.test:80\r\n\r\nGET /x HTTP/1.1\r\nHost: ${field}\r\nConnection: close\r\n\r\n`)).body)
      if (inside.status !== 400) wrong.push(`inside a CONNECT to ok.test:80, Host: ${field}: ${told(inside)}`)
    })
    t.same(wrong, [])
    t.ok(here.dialled.length > 0, 'the target itself was reached')
  })

  await t.test('an authority that could mean two things: 400', async (t) => {
    const authorities = [
      `good@127.0.0.1:${port}`, `ok.test@127.0.0.1:${port}`, `ok.test:80@127.0.0.1:${port}`, `127.0.0.1:${port}@ok.test:${port}`, `@ok.test:${port}`, `:@ok.test:${port}`, `ok.test:${port}@`, `ok.test:${port}:${port}`, `ok.test:80:${port}`, `127.0.0.1:${port}:ok.test`, `::1:${port}`, `[::1]${port}`, `[::1]x:${port}`, `x[::1]:${port}`, `[::1]:${port}]`, `[ok.test]:${port}`, `[127.0.0.1]:${port}`,
      `ok.test:0${'0'.repeat(9)}${port}`, 'ok.test:0', 'ok.test:65536', `ok.test:${65_536 + port}`, `ok.test:${2 ** 32 + port}`, `ok.test:+${port}`, `ok.test:-${port}`, `ok.test:0x${port.toString(16)}`, `ok.test:${port}x`, `ok.test:x${port}`, `ok.test:%38080`, `ok.test:${port}%00`, `:${port}`, `ok.test;127.0.0.1:${port}`, `ok.test,127.0.0.1:${port}`, `ok.test\\@127.0.0.1:${port}`, `127.0.0.1:${port}\\ok.test`,
    ]
    for (const authority of authorities) {
      for (const request of [`GET http://${authority}/ HTTP/1.1\r\nHost: ok.test`, `CONNECT ${authority} HTTP/1.1\r\nHost: ok.test`, `GET http://ok.test:${port}/ HTTP/1.1\r\nHost: ${authority}`, `GET / HTTP/1.1\r\nHost: ${authority}`]) {
        const got = answerOf(await say(gateway.port, `${request}\r\nConnection: close\r\n\r\n`))
        t.equal(`${got.status} ${got.rule}`, '400 framing', request)
      }
    }
    for (const authority of ['ok.test', 'ok.test:', '127.0.0.1', '[::1]', '[::1]:', `http://ok.test:${port}`, `ok.test:${port}/`, `ok.test:${port}/x`, `ok.test:${port}?`, `ok.test:${port}#`, `/`, `*`]) {
      const got = answerOf(await say(gateway.port, `CONNECT ${authority} HTTP/1.1\r\nHost: ok.test\r\n\r\n`))
      t.equal(`${got.status} ${got.rule}`, '400 framing', `CONNECT ${authority}`)
    }
  })

  await t.test('ports follow the policy, in plain requests too', async (t) => {
    for (const [authority, by] of [['ok.test:25', 'ports'], ['ok.test:443', 'ports'], ['ok.test:1023', 'ports'], ['ok.test:00022', 'ports'], ['127.0.0.1:22', 'ports']] as const) {
      t.equal(told(await ask(gateway.port, 'plain', authority)), `403 ${by} http_request_denied`, authority)
    }
    for (const authority of ['ok.test:25', 'ok.test:443', '[::1]:22']) t.equal(told(await ask(gateway.port, 'connect', authority)), '403 connect-ports http_request_denied', `CONNECT ${authority}`)
    t.match(told(await ask(gateway.port, 'connect', 'ok.test:00022')), /^400 framing/, 'a port that begins with a zero')
    t.equal((await ask(gateway.port, 'plain', `ok.test:${port}`)).status, 200)
    t.equal((await ask(gateway.port, 'connect', `ok.test:${port}`)).status, 200)
  })

  t.same([...new Set(here.dialled)], ['127.77.0.1'], 'nobody on 127.0.0.1 or ::1 was reached by any of it')
})
