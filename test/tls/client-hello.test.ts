// The ClientHello reader: what is whole, what is broken, over every cut.
import t from 'tap'
import { connect } from 'node:tls'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { HelloReader } from '../../src/tls/client-hello.ts'
import type { HelloReading } from '../../src/tls/client-hello.ts'
import { ech, extension, grease, helloFor, message, nameEntry, padding, record, records, serverName } from './hello.ts'

function read(bytes: Buffer, size = bytes.length): HelloReading {
  const reader = new HelloReader()
  let last: HelloReading = { state: 'more' }
  for (let at = 0; at < bytes.length && last.state === 'more'; at += size) {
    // the same memory is read into again and again, as a socket's buffer is
    const chunk = Buffer.from(bytes.subarray(at, at + size))
    last = reader.push(chunk)
    chunk.fill(0xee)
  }
  return last
}

const told = (reading: HelloReading): string => (reading.state === 'hello' ? `hello ${reading.hello.names.join('+')}${reading.hello.ech ? ' ech' : ''}` : reading.state)
const list = (...entries: Buffer[]): Buffer => {
  const body = Buffer.concat(entries)
  return extension(0, Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]))
}

const CASES: readonly (readonly [what: string, bytes: Buffer, expected: string])[] = [
  ['a hello with one name', helloFor('example.com'), 'hello example.com'],
  ['a hello without a name', helloFor(), 'hello '],
  ['a hello without extensions, as before TLS 1.2', records(message({})), 'hello '],
  ['an empty block of extensions', records(message({ extensions: [] })), 'hello '],
  ['ECH beside the outer name', records(message({ extensions: [ech(), serverName('outer.example')] })), 'hello outer.example ech'],
  ['two names in one list', helloFor('a.example', 'b.example'), 'hello a.example+b.example'],
  ['two server name extensions', records(message({ extensions: [serverName('a.example'), serverName('b.example')] })), 'hello a.example+b.example'],
  ['the same name twice', records(message({ extensions: [serverName('a.example'), serverName('a.example')] })), 'hello a.example+a.example'],
  ['a second GREASE value', records(message({ extensions: [grease(0x1a1a), serverName('a.example'), grease(0x2a2a)] })), 'hello a.example'],
  ['the same extension twice', records(message({ extensions: [grease(), grease()] })), 'malformed'],
  ['an empty list of names', records(message({ extensions: [list()] })), 'malformed'],
  ['an empty name', records(message({ extensions: [list(nameEntry(''))] })), 'malformed'],
  ['a name of an unknown type', records(message({ extensions: [list(nameEntry('a.example', 1))] })), 'malformed'],
  ['an unknown type behind the name', records(message({ extensions: [list(nameEntry('a.example'), nameEntry('b.example', 3))] })), 'malformed'],
  ['an empty server name extension', records(message({ extensions: [extension(0, Buffer.alloc(0))] })), 'malformed'],
  ['octets behind the list of names', records(message({ extensions: [extension(0, Buffer.concat([Buffer.from([0, 12]), nameEntry('a.example'), Buffer.from('x')]))] })), 'malformed'],
  ['a list longer than its extension', records(message({ extensions: [extension(0, Buffer.concat([Buffer.from([0, 99]), nameEntry('a.example')]))] })), 'malformed'],
  ['octets behind the extensions', records(message({ extensions: [serverName('a.example')], trailing: Buffer.from('x') })), 'malformed'],
  ['an odd list of suites', records(message({ extensions: [], suites: Buffer.from([1, 2, 3]) })), 'malformed'],
  ['no suite', records(message({ extensions: [], suites: Buffer.alloc(0) })), 'malformed'],
  ['no compression', records(message({ extensions: [], compression: Buffer.alloc(0) })), 'malformed'],
  ['a session id of 33 octets', records(message({ extensions: [], session: 33 })), 'malformed'],
  ['a version that is not TLS', records(message({ extensions: [], version: 0x0203 })), 'malformed'],
  ['an empty record', Buffer.from([22, 3, 1, 0, 0]), 'malformed'],
  ['a record of 16385 octets', Buffer.from([22, 3, 1, 0x40, 1]), 'malformed'],
  ['another message in the same record', record(Buffer.concat([message({ extensions: [] }), message({ extensions: [] })])), 'malformed'],
  ['an alert between two halves', Buffer.concat([record(message({ extensions: [serverName('a.example')] }).subarray(0, 60)), record(Buffer.from([1, 0]), 21)]), 'malformed'],
  ['application data behind the hello', Buffer.concat([helloFor('a.example'), record(Buffer.from('early'), 23)]), 'hello a.example'],
  ['a server hello', record(Buffer.from([2, 0, 0, 0])), 'not_tls'],
  ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'not_tls'],
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'not_tls'],
  ['SSL 2', Buffer.from([0x80, 0x2e, 1, 0, 2]), 'not_tls'],
  ['one octet of something else', Buffer.from([0]), 'not_tls'],
  ['an alert first', record(Buffer.from([1, 0]), 21), 'not_tls'],
  ['a handshake record of version 2', Buffer.from([22, 2]), 'not_tls'],
  ['half a hello', helloFor('a.example').subarray(0, 70), 'more'],
  ['16 KiB exactly', records(message({ extensions: [serverName('a.example'), padding(16384 - 102)] }).subarray(0), 8000), 'hello a.example'],
  ['more than 16 KiB', records(message({ extensions: [serverName('a.example'), padding(17000)] })), 'too_large'],
  ['a length of 16 MiB', Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]), 'too_large']
]

t.test('what a client says first', async (t) => {
  for (const [what, bytes, expected] of CASES) {
    t.equal(told(read(bytes)), expected, `${what}: ${expected}`)
    for (const size of [1, 2, 7]) t.equal(told(read(bytes, size)), expected, `${what}, in segments of ${size}`)
  }
})

t.test('a hello over many records', async (t) => {
  const whole = message({ extensions: [grease(), serverName('many.example'), padding(300)] })
  for (const size of [1, 2, 3, 64, 200]) {
    const bytes = records(whole, size)
    for (const cut of [1, 5, 6, 1000]) t.equal(told(read(bytes, cut)), 'hello many.example', `records of ${size}, segments of ${cut}`)
  }
})

t.test('what was read is given back as it came', async (t) => {
  const bytes = Buffer.concat([records(message({ extensions: [serverName('a.example')] }), 11), record(Buffer.from('early'), 23)])
  const reader = new HelloReader()
  for (let at = 0; at < bytes.length; at += 13) reader.push(bytes.subarray(at, at + 13))
  t.same(reader.bytes, bytes)
})

t.test('no cut and no changed octet makes it throw', async (t) => {
  const bytes = records(message({ extensions: [grease(), serverName('fuzz.example'), ech()] }), 50)
  let seed = 7
  const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below
  for (let i = 0; i < 20_000; i++) {
    const broken = Buffer.from(bytes)
    for (let n = random(4); n >= 0; n--) broken[random(broken.length)] = random(256)
    read(broken.subarray(0, 1 + random(broken.length)), 1 + random(90))
  }
  t.pass('20,000 broken hellos')
})

t.test('what Node itself sends', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername: 'node.example' })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  t.equal(told(read(bytes as Buffer)), 'hello node.example')
})
