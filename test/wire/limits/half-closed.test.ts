// A client that ends its side and waits (`printf ... | nc -N`) gets its whole answer, however slow; one that has left altogether, which looks the same
// on the wire, is found out, and its upstream let go (wire rule 15, 18).
import t from 'tap'
import { startGateway } from '../../proxy/gateway.ts'
import { ended, get, LONG, OK, PATHS, pause, reach, said, site, speaker, unable, until, type Path } from './stage.ts'

const skip = unable()

for (const path of PATHS) {
  t.test(`${path}: the answer to a half-closed client`, { skip: path === 'inside' && skip }, async (t) => {
    const gateway = await startGateway(t)
    const slow = (words: readonly (string | number)[]) => site(t, path, async (origin) => {
      await said(origin, '\r\n\r\n')
      for (const word of words) await (typeof word === 'number' ? pause(word) : new Promise((resolve) => origin.socket.write(word, resolve)))
    })
    const all = [
      ['a slow head', [1300, OK], '\r\n\r\nok'],
      ['a head in two parts', ['HTTP/1.1 200 OK\r\nContent-', 1300, 'Length: 2\r\n\r\nok'], '\r\n\r\nok'],
      ['silence within a body', ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no', 2600, 'k'], '\r\n\r\nok'],
      ['silence between chunks', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n', 2600, '1\r\nk\r\n0\r\n\r\n'], '1\r\nk\r\n0\r\n\r\n'],
    ] as const
    await Promise.all(all.map(async ([what, words, tail]) => {
      const origin = await slow(words)
      const client = await reach(t, gateway.port, origin)
      client.socket.end(get(origin))
      t.ok((await ended(client)).endsWith(tail), what)
      t.equal(client.ended, 'fin', what)
    }))
    const post = await site(t, path, async (origin) => {
      for (const wanted of ['abc', '/second ']) {
        await said(origin, wanted)
        await pause(700)
        origin.socket.write(OK)
      }
    })
    const client = await reach(t, gateway.port, post)
    client.socket.end(`POST ${post.uri}/ HTTP/1.1\r\nHost: ${post.authority}\r\nContent-Length: 3\r\n\r\nabc${get(post, '/second')}`)
    t.equal((await ended(client)).match(/\r\n\r\nok/g)?.length, 2, 'a POST, and a request behind it')
    t.same([...new Set(gateway.records.map(({ error }) => error))], [undefined])
  })
}

/** How far an exchange has come when its client leaves, with nothing unread: the kernel sends FIN and no reset. */
const MOMENTS: readonly (readonly [what: string, answer: string])[] = [
  ['waiting for the answer', ''],
  ['within its head', 'HTTP/1.1 200 OK\r\nX-'],
  ['within a body of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'],
  ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'],
  ['within a body that the close ends', 'HTTP/1.1 200 OK\r\n\r\nok'],
]

const leaving = async (path: Path): Promise<void> => {
  await t.test(`${path}: a client that has left is found out`, { skip: path === 'inside' && skip }, async (t) => {
    const gateway = await startGateway(t)
    await Promise.all(MOMENTS.map(async ([what, answer]) => {
      const origin = await site(t, path, async (each) => {
        await said(each, '\r\n\r\n')
        each.socket.write(answer)
      })
      const client = await reach(t, gateway.port, origin)
      client.socket.write(get(origin))
      await until('it reaches the origin', () => origin.connections[0]?.read.includes('\r\n\r\n') === true)
      if (answer.includes('\r\n\r\n')) await said(client, 'ok')
      client.socket.destroy()
      const began = performance.now()
      await until(`${what}: the upstream is let go`, () => origin.open.size === 0)
      t.ok(performance.now() - began < 5000, what)
    }))
    await until('all are told', () => gateway.records.filter(({ method }) => method === 'GET').length === MOMENTS.length)
    t.same([...new Set(gateway.records.filter(({ method }) => method === 'GET').map(({ error, fault }) => `${error} ${fault}`))], ['client_closed client'])
    t.equal(gateway.live.size, 0)
    t.equal(gateway.connections.size, 0)
  })
}
for (const path of PATHS) await leaving(path)

t.test('a tunnel: half-closed it goes on; when who ended it has left, the other side is let go', async (t) => {
  const gateway = await startGateway(t)
  const origin = await site(t, 'plain')
  const open = async () => {
    const client = speaker(t, gateway.port)
    client.socket.write(`CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\n`)
    await said(client, '\r\n\r\n')
    const far = origin.connections.at(-1)
    if (far === undefined) throw new Error('no connection reached the origin')
    return { client, far }
  }
  const waits = await open()
  waits.client.socket.end('question')
  await said(waits.far, 'question')
  await until('the end arrives', () => waits.far.ended === 'fin')
  await pause(1300)
  waits.far.socket.end('late answer')
  await said(waits.client, 'late answer')
  await until('both are closed', () => waits.client.ended === 'fin' && gateway.live.size === 0)

  const sends = await open()
  sends.far.socket.end('bye')
  await said(sends.client, 'bye')
  await pause(1300)
  sends.client.socket.end('still here')
  await said(sends.far, 'still here')
  await until('both are closed', () => gateway.live.size === 0)

  for (const who of ['client', 'far'] as const) {
    const left = await open()
    left[who].socket.end('last words')
    const other = who === 'client' ? left.far : left.client
    await said(other, 'last words')
    await until('the end arrives', () => other.ended === 'fin')
    left[who].socket.destroy()
    await until(`the ${who} has left: nothing is left open`, () => gateway.live.size === 0, LONG)
  }
  t.same(gateway.records.map(({ error }) => error), [undefined, undefined, undefined, undefined])
})
