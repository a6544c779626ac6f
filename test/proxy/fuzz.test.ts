// Broken requests by the hundred against a whole worker: whatever a client sends, an origin sees only well-formed requests of our own making,
// each client gets an answer or a close, and the worker goes on.
import fc from 'fast-check'
import t from 'tap'
import { readRequests } from '../http/reading.ts'
import { streamOf } from '../http/streams.ts'
import { client, OK, openPolicy, startGateway, startOrigin } from './gateway.ts'
import { parseRequests } from '../wire/strict.ts'
import { pause } from './sockets.ts'

const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|upgrade|content_length)$/i

t.test('an origin sees only what is right', async (t) => {
  const gateway = await startGateway(t, openPolicy('  via: false', 'limits: { head: 300ms, idle-body: 300ms, first-byte: 1s, new-per-second: 100000, new-per-second-per-client: 100000 }\n'))
  const origin = await startOrigin(t, ({ socket, read }) => {
    let answered = 0
    socket.on('data', () => {
      const complete = readRequests(Buffer.from(read(), 'latin1'), []).requests.filter((each) => each.complete).length
      for (; answered < complete; answered++) socket.write(OK)
    })
  })
  const authority = `127.0.0.1:${origin.port}`
  const streams = streamOf([`http://${authority}/x`, `http://${authority}/a?b#c`, `http://${authority}`, '/', '*', `http://a@${authority}/`, `https://${authority}/`, 'http://10.0.0.1/'])
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(streams, fc.nat(120), fc.boolean()), { minLength: 8, maxLength: 8 }), async (batch) => {
    await Promise.all(batch.map(async ([stream, cut, leaves]) => {
      const raw = client(t, gateway.port).send(stream.subarray(0, cut))
      await pause(1)
      raw.send(stream.subarray(cut))
      if (leaves) raw.socket.end()
      await raw.until((said, ended) => said.includes('\r\n\r\n') || ended !== undefined, 4000)
      if (raw.said !== '' && !/^HTTP\/1\.1 \d{3} /.test(raw.said)) throw new Error(`an answer that is none: ${raw.said.slice(0, 100)}`)
      raw.socket.destroy()
    }))
  }), { numRuns: 60 })
  await pause(50)
  for (const seen of origin.seen) {
    const read = readRequests(Buffer.from(seen, 'latin1'), [])
    t.equal(read.problem, undefined, JSON.stringify(seen))
    for (const { fields, target } of read.requests) {
      t.same(fields.filter(([name]) => name.toLowerCase() === 'host'), [['Host', authority]])
      t.same(fields.filter(([name]) => HOP_BY_HOP.test(name)), [])
      t.match(target, /^(?:\/|\*$)/)
    }
  }
  // read once more by the parser that shares no line with src: one well-formed message for each decision that was `allow`, and no other
  let messages = 0
  for (const seen of origin.seen) {
    const strict = parseRequests(Buffer.from(seen, 'latin1'))
    t.equal(strict.problem, undefined, JSON.stringify(seen))
    t.equal(strict.messages.at(-1)?.complete === false ? seen.length : strict.rest, seen.length, 'nothing between messages or behind them')
    messages += strict.messages.length
  }
  const permitted = gateway.records.filter(({ address }) => address !== undefined).length
  t.ok(messages <= permitted, `${messages} messages upstream, ${permitted} permits`)
  t.ok(permitted - messages < permitted / 4, 'most permits were used')
  t.ok(origin.seen.length > 50, `${origin.seen.length} connections to the origin`)
  await client(t, gateway.port).send(`GET http://${authority}/ HTTP/1.1\r\nHost: a\r\n\r\n`).untilSaid('ok')
})

t.test('random octets', async (t) => {
  const gateway = await startGateway(t, openPolicy('', 'limits: { head: 300ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n'))
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 10, maxLength: 10 }), async (batch) => {
    await Promise.all(batch.map(async (octets) => {
      const raw = client(t, gateway.port).send(Buffer.from(octets))
      raw.socket.end()
      await raw.untilEnded(4000)
      raw.socket.destroy()
    }))
  }), { numRuns: 20 })
  await pause(20)
  t.equal(gateway.connections.size, 0)
})

t.test('a thousand clients that leave in the middle leave nothing behind', async (t) => {
  const gateway = await startGateway(t, openPolicy('', 'limits: { new-per-second: 100000, new-per-second-per-client: 100000 }\n'))
  const origin = await startOrigin(t, ({ when }) => when('\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun'))
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      const raw = client(t, gateway.port).send(index % 3 === 0 ? 'GET http://' : `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`)
      if (index % 3 === 1) await raw.untilSaid('begun')
      if (index % 2 === 0) raw.socket.resetAndDestroy()
      else raw.socket.destroy()
    }))
  }
  for (let wait = 0; wait < 400 && (gateway.connections.size > 0 || origin.open.size > 0); wait++) await pause(10)
  t.equal(gateway.connections.size, 0)
  t.equal(origin.open.size, 0)
  t.equal(gateway.live.size, 0)
  t.ok(gateway.records.every((each) => each.error === 'client_closed'))
})
