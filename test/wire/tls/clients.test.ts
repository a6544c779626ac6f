// Real TLS clients through the proxy's tunnel (rule 21): openssl and Node's own, TLS 1.2 and 1.3, resumption, post-quantum key shares; each outcome has its
// own reason in the record.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as dial } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import t from 'tap'
import { makeCertificates } from '../../../certs/make.ts'
import { lacks, missingProgram, PLAIN } from '../../programs/run.ts'
import { startGateway } from '../../proxy/gateway.ts'

const POLICY = `version: 1
name: bound
rules: [{ name: clients, action: allow, from: any, to: gateway, services: proxy }]
web:
  connect-ports: [1-65535]
  rules: [{ name: loopback, action: allow, resolves-to: [127.0.0.0/8] }]
limits: { head: 3s }
`

const folder = mkdtempSync(join(tmpdir(), 'gg-tls-'))
const made = await makeCertificates(folder, [['origin.test', 'other.test']])
const pair = made.leaves.get('origin.test')
if (pair === undefined) throw new Error('no certificate')
const ca = readFileSync(made.authority.certificate)
const site = createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key), ecdhCurve: 'X25519MLKEM768:X25519:P-256' }, (socket) => {
  socket.on('error', () => {})
  socket.write(`hello ${socket.getProtocol()} ${socket.isSessionReused() ? 'resumed' : 'new'}\n`)
  socket.pipe(socket)
})
site.on('tlsClientError', () => {})
site.listen(0, '127.0.0.1')
await once(site, 'listening')
const port = (site.address() as AddressInfo).port
t.teardown(() => {
  site.close()
  rmSync(folder, { recursive: true, force: true })
})

const lastError = async (records: readonly { readonly error: string | undefined; readonly serverName: string | undefined }[], count: number): Promise<string> => {
  for (let look = 0; look < 400 && records.length < count; look++) await new Promise((resolve) => setTimeout(resolve, 10))
  const record = records.at(-1)
  return `${record?.error} ${record?.serverName}`
}

t.test('openssl s_client', async (t) => {
  if (lacks(t, missingProgram('openssl'))) return
  const gateway = await startGateway(t, POLICY)
  let count = 0
  /** It speaks until the site has greeted it, or until it gives up. */
  const client = async (...more: readonly string[]) => {
    count++
    const [env, ...plain] = PLAIN
    const child = spawn(env, [...plain, 'openssl', 's_client', '-proxy', `127.0.0.1:${gateway.port}`, '-connect', `origin.test:${port}`, '-CAfile', made.authority.certificate, '-verify_return_error', '-quiet', ...more], { stdio: ['pipe', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (/hello TLS.*\n/.test(text)) child.kill('SIGTERM')
      })
    }
    await once(child, 'close')
    clearTimeout(timer)
    return { text, told: await lastError(gateway.records, count) }
  }
  for (const version of ['-tls1_2', '-tls1_3']) {
    const good = await client(version, '-servername', 'origin.test')
    t.match(good.text, /hello TLSv1\.[23] new/, version)
    t.equal(good.told, 'undefined origin.test')
    t.equal((await client(version, '-servername', 'ORIGIN.test')).told, 'undefined origin.test', 'in capitals')
    const other = await client(version, '-servername', 'other.test')
    t.notMatch(other.text, /hello TLS/, 'another name')
    t.equal(other.told, 'server_name_mismatch other.test')
    const none = await client(version, '-noservername')
    t.notMatch(none.text, /hello TLS/, 'no name')
    t.equal(none.told, 'server_name_missing undefined')
  }
  const session = join(folder, 'session')
  t.match((await client('-tls1_2', '-servername', 'origin.test', '-sess_out', session)).text, /hello TLSv1\.2 new/)
  t.ok(existsSync(session))
  t.match((await client('-tls1_2', '-servername', 'origin.test', '-sess_in', session)).text, /hello TLSv1\.2 resumed/, 'a resumed session')
  t.equal((await client('-servername', 'origin.test', '-starttls', 'smtp')).told, 'client_hello_timeout undefined', 'one that waits for the greeting of another protocol')
  t.equal((await client('-servername', 'origin.test', '-starttls', 'postgres')).told, 'not_tls undefined', 'one that speaks another protocol first')
})

t.test("Node's own client", async (t) => {
  const gateway = await startGateway(t, POLICY)
  let count = 0
  const tunnel = async (): Promise<Socket> => {
    count++
    const socket = dial(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`CONNECT origin.test:${port} HTTP/1.1\r\nHost: origin.test:${port}\r\n\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    t.match(head.toString('latin1'), /^HTTP\/1\.1 200 /)
    return socket
  }
  const talk = async (options: ConnectionOptions): Promise<{ readonly said: string; readonly secure: TLSSocket; readonly session: Buffer | undefined }> => {
    const secure = connect({ socket: await tunnel(), ca, servername: 'origin.test', ...options })
    let session: Buffer | undefined
    secure.on('session', (each: Buffer) => (session = each))
    let said = ''
    const over = new Promise<void>((resolve) => secure.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('\n')) resolve()
    }).on('error', () => resolve()).on('close', () => resolve()))
    await over
    for (let look = 0; look < 20 && session === undefined && said !== ''; look++) await new Promise((resolve) => setTimeout(resolve, 10))
    return { said, secure, session }
  }
  const pq = await talk({ ecdhCurve: 'X25519MLKEM768' })
  t.equal(pq.said, 'hello TLSv1.3 new\n', 'a post-quantum key share, whose hello is longer than a segment')
  t.match(pq.secure.getEphemeralKeyInfo(), { name: /MLKEM|/ })
  pq.secure.destroy()
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await talk({ maxVersion })
    t.equal(first.said, `hello ${maxVersion} new\n`)
    first.secure.end()
    const again = await talk({ maxVersion, ...(first.session === undefined ? {} : { session: first.session }) })
    t.equal(again.said, `hello ${maxVersion} resumed\n`)
    again.secure.end()
  }
  // the server wants a group that the client has, but sent no share of: a second hello
  const retried = await talk({ ecdhCurve: 'P-384:X25519' })
  t.match(retried.said, /^hello TLSv1\.3 new/, 'a second hello after a HelloRetryRequest')
  retried.secure.destroy()
  const alien = await talk({ servername: 'other.test' })
  t.equal(alien.said, '', 'another name')
  t.match(await lastError(gateway.records, count), /mismatch other\.test/)
})
