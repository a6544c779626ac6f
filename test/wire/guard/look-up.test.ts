// One look-up a request, by our own resolver, and never `dns.lookup` (wire rule 23: four threads for everybody, and an answer that nobody judged): held by
// reading the sources, and by counting while requests of every kind go through.
import t from 'tap'
import dns from 'node:dns'
import { isIP } from 'node:net'
import { startGateway } from '../../proxy/gateway.ts'
import { imports, sources, withoutComments } from '../../repo/tree.ts'
import { ask, say } from './ask.ts'
import { hostileDns } from './dns.ts'
import { places } from './places.ts'

t.test('the sources', async (t) => {
  const onPath = sources().filter(({ path }) => /^src\/(?:net|http|tls|decision|log|kernel|proxy|gateway)\//.test(path))
  t.ok(onPath.length > 100)
  const found = { dns: new Set<string>(), names: new Set<string>(), connect: new Set<string>(), http: new Set<string>() }
  for (const { path, text } of onPath) {
    const code = withoutComments(text)
    const types = code.replace(/^import type [^\n]*\n/gm, '')
    if (imports(types).some((each) => /^(?:node:)?dns(?:\/promises)?$/.test(each))) found.dns.add(path)
    if (/\b(?:lookup|lookupService|getaddrinfo|setDefaultResultOrder)\b/.test(code.replace(/'(?:[^'\\\n]|\\.)*'/g, "''"))) found.names.add(path)
    if (/import \{[^}]*\bconnect\b[^}]*\} from 'node:(?:net|tls)'/.test(types) || /\bSocket\(\)[^\n]*\.connect\(/.test(types)) found.connect.add(path)
    if (/import \{[^}]*\b(?:request|get|Agent)\b[^}]*\} from 'node:https?'/.test(types) || imports(types).some((each) => ['undici', 'http-proxy', 'node:https', 'node:http2', 'node:tls'].includes(each))) found.http.add(path)
  }
  t.same([...found.dns], ['src/proxy/dns-channels.ts'], 'one file speaks to the DNS')
  t.match(sources().find(({ path }) => path === 'src/proxy/dns-channels.ts')?.text, /import \{ promises \} from 'node:dns'/, 'by a resolver of its own')
  t.same([...found.names], [], 'nobody asks the C library')
  t.same([...found.connect].sort(), ['src/gateway/control.ts', 'src/gateway/lines.ts', 'src/proxy/dial.ts'], 'one file dials (the others know sockets with a path)')
  for (const path of ['src/gateway/control.ts', 'src/gateway/lines.ts']) t.match(sources().find((each) => each.path === path)?.text, /\bconnect\(short\)/, `${path}: a path and no port`)
  // what the gateway fetches for itself, by no client's word: a list, and a suspect's page
  t.same([...found.http].sort(), ['src/gateway/list-fetch.ts', 'src/gateway/probe.ts', 'src/proxy/upgrade.ts'], 'http-proxy has a socket given, and what is fetched for ourselves is all that is left')
  for (const path of ['src/gateway/list-fetch.ts', 'src/gateway/probe.ts']) {
    const text = sources().find((each) => each.path === path)?.text ?? ''
    t.match(text, /\bopenToFetch\(/, `${path}: the policy's guard judges its addresses`)
    t.same(text.match(/connect\(\{[^}]*\}/g), ['connect({ ...options, hostname: address.text, host: address.text, port: String(' + (path.endsWith('probe.ts') ? 'parsed.value' : 'target') + '.port), servername }'], 'and the text of a judged one is dialled')
  }
  t.match(sources().find(({ path }) => path === 'src/proxy/dial.ts')?.text, /const \{ address, port \} = endpoint\n\s+const socket: Dialling = connect\(\{ host: address\.text, port,/, 'what is dialled is the text of a judged address')
})

t.test('while requests go through', async (t) => {
  const before = dns.lookup
  const looked: string[] = []
  const counted = ((...words: Parameters<typeof before>) => {
    // listening and datagrams pass their addresses through it
    if (isIP(words[0]) === 0) looked.push(words[0])
    return before(...words)
  }) as typeof before
  dns.lookup = counted
  t.teardown(() => {
    dns.lookup = before
  })
  const names = await hostileDns(t, (name) => ({ records: [{ address: name.startsWith('closed') ? '127.99.0.1' : '127.88.0.1', ttl: 0 }, { address: '127.88.0.9', ttl: 0 }] }))
  const gateway = await startGateway(t, `version: 1
name: counted
rules: [{ name: use, action: allow, from: any, to: gateway, services: proxy }]
web:
  default: allow
  ports: [1-65535]
  connect-ports: [1-65535]
  tunnels: { require-tls: false, server-name: any }
  rules: [{ name: lab, action: allow, resolves-to: [127.88.0.0/16] }]
`, '', names.port)
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
  const here = await places(t, ['127.88.0.1', '127.99.0.1'], (socket) => {
    socket.on('data', (chunk: Buffer) => void socket.write(chunk.toString('latin1').includes('websocket') ? switching : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    return true
  })
  t.equal((await ask(gateway.port, 'plain', `plain.test:${here.port}`)).status, 200)
  t.equal((await ask(gateway.port, 'connect', `tunnel.test:${here.port}`)).status, 200)
  t.equal((await ask(gateway.port, 'plain', `127.88.0.1:${here.port}`)).status, 200)
  const upgraded = await say(gateway.port, `GET http://socket.test:${here.port}/ HTTP/1.1\r\nHost: socket.test:${here.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`, (read) => read.includes('\r\n\r\n'))
  t.match(upgraded, /^HTTP\/1\.1 101 /)
  t.equal((await ask(gateway.port, 'plain', `dead.test:1`)).status, 502)
  t.same(looked, [], 'dns.lookup was asked for no name')
  for (const name of ['plain.test', 'tunnel.test', 'socket.test', 'dead.test']) t.equal(names.times(name), 1, `${name} was looked up once`)
  t.same([...new Set(here.dialled)], ['127.88.0.1'])
})
