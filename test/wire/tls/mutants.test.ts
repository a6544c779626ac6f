// The ClientHello against a real reader (rule 21, D3): mutated hellos to Node's TLS server (OpenSSL) and to ours. Whenever the server reads a name, ours must
// have read that same name, or closed the tunnel; a hello that ours takes for the target's own never names another host to the server.
// The long form: TLS_MUTANTS=20000 node test/wire/tls/mutants.test.ts
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as dial, createServer as listenRaw } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import t from 'tap'
import { makeCertificates } from '../../../certs/make.ts'
import { parseHost } from '../../../src/net/target.ts'
import { bind } from '../../../src/tls/binding.ts'
import { HelloReader } from '../../../src/tls/client-hello.ts'
import { mutant, randomOf } from '../fuzz/mutate.ts'
import { ech, extension, grease, helloFor, message, nameEntry, padding, records, serverName } from '../../tls/hello.ts'

const COUNT = Number(process.env['TLS_MUTANTS'] ?? 2500)
const TARGET = 'a.example'
const host = parseHost(TARGET)

/** What Node's own client says first, with these options. */
async function recorded(options: object): Promise<Buffer> {
  const server = listenRaw().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard = new Promise<Buffer>((resolve) => server.once('connection', (socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {}).on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) {
        socket.destroy()
        resolve(bytes)
      }
    })
  }))
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername: TARGET, rejectUnauthorized: false, ...options })
  client.on('error', () => {})
  const bytes = await heard
  client.destroy()
  server.close()
  return bytes
}

/** One octet of each seed is likelier where the name stands: structure-aware changes beside the blind ones. */
function changed(seed: Buffer, other: Buffer, random: () => number): Buffer {
  const at = seed.indexOf(TARGET)
  if (at < 0 || random() % 3 > 0) return mutant(seed, other, random)
  const bytes = Buffer.from(seed)
  // the lengths before the name, the name, and the extension round it
  const place = at - 12 + (random() % (TARGET.length + 16))
  if (place >= 0 && place < bytes.length) bytes[place] = random() % 2 === 0 ? random() & 255 : ((bytes[place] ?? 0) + (random() % 3) - 1) & 255
  return bytes
}

t.test('what a real server reads of a hello, ours has read, or the tunnel was closed', { timeout: 110_000 }, async (t) => {
  if (!host.ok) throw new Error(host.problem)
  const folder = mkdtempSync(join(tmpdir(), 'gg-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const pair = (await makeCertificates(folder, [[TARGET]])).leaves.get(TARGET)
  if (pair === undefined) throw new Error('no certificate')
  let named: string | undefined
  const server = createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key), minVersion: 'TLSv1.2', SNICallback: (name, done) => {
    named = name
    done(null)
  } })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo

  /** undefined: the server read no name. */
  const theirs = async (bytes: Buffer): Promise<string | undefined> => {
    named = undefined
    const socket = dial(port, '127.0.0.1')
    socket.on('error', () => {})
    const answered = Promise.race([once(socket, 'data').catch(() => {}), once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 25))])
    socket.write(bytes)
    await answered
    socket.destroy()
    return named
  }

  const seeds = [
    await recorded({}), await recorded({ maxVersion: 'TLSv1.2' }), await recorded({ ALPNProtocols: ['h2', 'http/1.1'] }), await recorded({ ecdhCurve: 'X25519MLKEM768:X25519' }).catch(() => helloFor(TARGET)),
    helloFor(TARGET), records(message({ extensions: [grease(), serverName(TARGET), ech(), padding(300)] }), 40), records(message({ extensions: [extension(0, Buffer.concat([Buffer.from([0, 24]), nameEntry(TARGET), nameEntry('b.example')]))] })),
  ]
  const random = randomOf(8446)
  let read = 0
  let passed = 0
  const wrong: string[] = []
  for (let many = 0; many < COUNT; many++) {
    const bytes = changed(seeds[random() % seeds.length] ?? Buffer.alloc(0), seeds[random() % seeds.length] ?? Buffer.alloc(0), random)
    if (bytes.length === 0) continue
    const reading = new HelloReader().push(bytes)
    const binding = reading.state === 'more' ? undefined : bind(reading, host.value, { requireTls: true, serverName: 'match', ech: 'allow' })
    if (binding?.pass !== true) continue
    passed++
    const name = await theirs(bytes)
    if (name === undefined) continue
    read++
    if (name.toLowerCase() !== TARGET) wrong.push(`${name}: ${bytes.toString('base64')}`)
  }
  t.same(wrong, [])
  t.ok(passed > COUNT / 50 && read > COUNT / 50, `${COUNT} hellos, ${passed} pass ours, of which the server read a name in ${read}`)
})
