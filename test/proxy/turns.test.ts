// Who refuses many requests of one client at once leaves their turn to the others.
import t from 'tap'
import { Turns } from '../../src/proxy/turns.ts'
import { client, OK, openPolicy, startGateway, startOrigin } from './gateway.ts'

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const DENY = openPolicy('  rules:\n    - { name: closed, action: deny, uri: [/closed] }\n')

t.test('after some in a row the others come first', async (t) => {
  let turns = 0
  const each = new Turns({ nextTurn: () => void turns++ })
  const row = (): number => {
    for (let count = 1; ; count++) if (each.over(true)) return count
  }
  const length = row()
  t.equal(each.waiting, true)
  await turnOfLoop()
  t.same([each.waiting, turns], [false, 1])
  for (let count = 0; count < length * 3; count++) t.equal(each.over(count % length === 0), false, 'one that waited for somebody begins anew')
  t.equal(row(), length)
})

t.test('a long pipeline of refused requests takes many turns, and loses none', async (t) => {
  const gateway = await startGateway(t, DENY)
  const origin = await startOrigin(t, ({ when }) => when('\r\n\r\n', OK))
  const raw = client(t, gateway.port)
  const at = `origin.test:${origin.port}`
  const ask = (path: string): string => `GET http://${at}${path} HTTP/1.1\r\nHost: ${at}\r\n\r\n`
  const COUNT = 600
  raw.send(Array.from({ length: COUNT }, (_, number) => ask(`/closed/${number}`)).join('') + ask('/last'))
  let most = 0
  for (let before = 0; gateway.records.length < COUNT && raw.ended === undefined; ) {
    await turnOfLoop()
    most = Math.max(most, gateway.records.length - before)
    before = gateway.records.length
  }
  t.ok(most <= 32, `at most ${most} in one turn`)
  const said = await raw.until((text) => text.endsWith('ok'), 20_000)
  t.same([...said.matchAll(/^What: .*\/closed\/(\d+)/gm)].map(([, number]) => Number(number)), Array.from({ length: COUNT }, (_, number) => number), 'each is answered, in order')
  t.match(said, /HTTP\/1\.1 200 OK[^]*ok$/)
  raw.send(ask('/closed/more'))
  await raw.untilSaid('/closed/more')
})

t.test('a client that ends its side behind a long pipeline is answered to the end', async (t) => {
  const gateway = await startGateway(t, DENY)
  const raw = client(t, gateway.port)
  const COUNT = 100
  raw.send('GET http://origin.test/closed HTTP/1.1\r\nHost: origin.test\r\n\r\n'.repeat(COUNT))
  raw.socket.end()
  const said = await raw.untilEnded(20_000)
  t.equal(said.split('HTTP/1.1 403 ').length - 1, COUNT)
  t.equal(raw.ended, 'end')
})
