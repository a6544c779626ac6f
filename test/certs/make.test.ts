// The local authority: what it makes is trusted through it and by nothing else, keys are for their owner alone, and a second run
// changes nothing.
import t from 'tap'
import { once } from 'node:events'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import tls from 'node:tls'
import { makeCertificates } from '../../certs/make.ts'

const NAMES = [['site.test', '127.0.0.1', '::1'], ['*.wild.test']] as const

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

t.test('a server with a certificate from here is trusted by who trusts the authority', async (t) => {
  const made = await makeCertificates(t.testdir(), NAMES)
  const pair = made.leaves.get('site.test')
  if (pair === undefined) return t.fail('no certificate for site.test')
  const server = tls.createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }, (socket) => socket.end('hello'))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ca = readFileSync(made.authority.certificate)

  for (const servername of ['site.test', '']) {
    const socket = tls.connect({ host: '127.0.0.1', port, ca, ...(servername === '' ? {} : { servername }) })
    await once(socket, 'secureConnect')
    t.ok(socket.authorized, servername === '' ? 'by its address' : 'by its name')
    socket.destroy()
  }
  for (const [why, options] of [['another name', { ca, servername: 'other.test' }], ['without the authority', { servername: 'site.test' }]] as const) {
    const socket = tls.connect({ host: '127.0.0.1', port, ...options })
    const [error] = await once(socket, 'error').catch((thrown: unknown) => [thrown])
    t.ok(error instanceof Error, `refused: ${why}`)
    socket.destroy()
  }
})

t.test('keys are 0600', async (t) => {
  const folder = t.testdir()
  await makeCertificates(folder, NAMES)
  const keys = readdirSync(folder).filter((name) => name.endsWith('.key'))
  t.equal(keys.length, 3)
  for (const key of keys) t.equal(statSync(join(folder, key)).mode & 0o777, 0o600, key)
})

t.test('a second run changes nothing', async (t) => {
  const folder = t.testdir()
  await makeCertificates(folder, NAMES)
  const before = contents(folder)
  await makeCertificates(folder, NAMES)
  t.same(contents(folder), before)
})

t.test('other names, a lost key or another authority make a certificate anew', async (t) => {
  const folder = t.testdir()
  await makeCertificates(folder, NAMES)
  const first = contents(folder)
  await makeCertificates(folder, [['site.test', 'www.site.test'], ['*.wild.test']])
  const second = contents(folder)
  t.not(second['site.test.pem'], first['site.test.pem'], 'other names')
  t.equal(second['any.wild.test.pem'], first['any.wild.test.pem'], 'the other one stays')

  writeFileSync(join(folder, 'authority.pem'), 'cut short')
  await makeCertificates(folder, NAMES)
  const third = contents(folder)
  t.not(third['authority.pem'], first['authority.pem'], 'a broken authority')
  t.not(third['any.wild.test.pem'], first['any.wild.test.pem'], 'and what it had signed')
})

t.test('a name never leads out of the folder', async (t) => {
  const folder = t.testdir({ inner: {} })
  await makeCertificates(join(folder, 'inner'), [['../../evil']])
  t.same(readdirSync(folder), ['inner'])
})
