// Octets are counted exactly, above 2^32 too: where a body and a tunnel are read, where records are summed, and in each form in which they are written.
// With `GREENGATE_GIB=1` more than 4 GiB really go through a gateway: a tunnel in each direction, an answer and an upload, each with its figure in both logs.
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { BodyReader } from '../../../src/http/body-reader.ts'
import type { Framing } from '../../../src/http/framing.ts'
import { eventLog } from '../../../src/log/events.ts'
import { prettyLines } from '../../../src/log/pretty.ts'
import { squidLine } from '../../../src/log/squid.ts'
import { Direction } from '../../../src/proxy/direction.ts'
import { folderFor, OPEN_POLICY, serve, until } from '../../gateway/process.ts'
import { sampleRecord } from '../../log/sample.ts'
import { startGateway } from '../../proxy/gateway.ts'
import { pair } from '../../proxy/sockets.ts'
import { get, said, site, speaker } from './stage.ts'

const HUGE = 100e9
const FIGURES = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, HUGE, HUGE + 1, 2 ** 53 - 1]

t.test('a body of a hundred gigabytes is read to its last octet, and no further', async (t) => {
  const block = Buffer.alloc(1 << 26)
  for (const framing of [{ kind: 'length', octets: HUGE + 1 }, { kind: 'chunked' }, { kind: 'close' }] as const satisfies readonly Framing[]) {
    const body = new BodyReader(framing)
    if (framing.kind === 'chunked') {
      const size = Buffer.from(`${(HUGE + 1).toString(16)}\r\n`)
      body.step(size, 0, size.length)
    }
    let left = HUGE + 1
    for (; left > 0 && body.problem === undefined; left -= block.length) {
      const most = Math.min(left, block.length)
      const stop = body.step(block, 0, framing.kind === 'close' ? most : block.length)
      if (stop !== most) break
    }
    t.ok(left <= 0, `${framing.kind}: ${left} are left`)
    t.same([body.octets, body.done, body.problem], [HUGE + 1, framing.kind === 'length', undefined], framing.kind)
    if (framing.kind !== 'chunked') continue
    const end = Buffer.from('\r\n0\r\n\r\n')
    for (let at = 0; at < end.length && !body.done; at = body.step(end, at, end.length)) t.equal(body.problem, undefined)
    t.same([body.octets, body.done], [HUGE + 1, true])
  }
})

t.test('a tunnel counts on where 32 bits would begin anew', async (t) => {
  for (const before of [2 ** 31 - 2, 2 ** 32 - 2, HUGE]) {
    const [from, to] = [await pair(t), await pair(t)]
    const direction = new Direction(from.near, to.near, { inspect: () => true, sideEnded: () => {} }, false)
    direction.octets = before
    direction.start()
    from.far.write('12345')
    await once(to.far, 'data')
    t.equal(direction.octets, before + 5)
  }
})

t.test('a length above 2^32 goes on as it came, both ways', async (t) => {
  const gateway = await startGateway(t)
  for (const length of ['4294967295', '4294967296', '4294967297', '100000000000', '9007199254740991']) {
    const origin = await site(t, 'plain', async (each) => {
      await said(each, '\r\n\r\n')
      each.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`)
    })
    const client = speaker(t, gateway.port)
    client.socket.write(get(origin, '/', `Content-Length: ${length}\r\n`).replace('GET', 'POST'))
    t.match(await said(client, '\r\n\r\nok'), `\r\nContent-Length: ${length}\r\n`)
    t.match(origin.connections[0]?.read.toString('latin1'), `\r\nContent-Length: ${length}\r\n`)
    t.equal(client.ended, undefined, 'and its end is not reached')
    client.socket.destroy()
  }
})

t.test('each log writes all digits', async (t) => {
  for (const figure of FIGURES) {
    const record = sampleRecord({ bytesIn: figure, bytesOut: figure, duration: 86_400_000.04 * 30 })
    let line = ''
    eventLog((text) => (line += text)).request(record)
    t.match(line, `"bytesIn":${figure},"bytesOut":${figure},`)
    const fields = squidLine(record).trim().split(/ +/)
    t.equal(fields[4], String(figure))
    t.equal(fields[1], '2592000001', 'and a duration of a month')
    t.match(prettyLines(false)(line), /\d (?:GiB|TiB) \d/)
  }
})

const OCTETS = 2 ** 32 + 12_345
const PIECE = Buffer.alloc(1 << 20, 'x')

/** So many octets, as fast as they are taken. */
async function pour(socket: Socket, octets: number): Promise<void> {
  for (let left = octets; left > 0; left -= PIECE.length) {
    if (!socket.write(left < PIECE.length ? PIECE.subarray(0, left) : PIECE)) await once(socket, 'drain')
  }
}

if (process.env['GREENGATE_GIB'] === '1') t.test('more than 4 GiB, in truth', { timeout: 110_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const [events, access] = [join(folder, 'events'), join(folder, 'access')]
  const running = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--host', '127.0.0.1', '--workers', '1', '--event-log', events, '--access-log', access])
  let took = 0
  const server = createServer((socket) => {
    let head = ''
    const first = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!/\r\n\r\n|^(?:up|down)/.test(head)) return
      socket.off('data', first)
      took = head.startsWith('up') ? head.length : 0
      socket.on('data', (more: Buffer) => {
        took += more.length
        if (took === OCTETS) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
      })
      if (head.startsWith('GET')) socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${OCTETS}\r\n\r\n`)
      if (!/^(?:up|POST)/.test(head)) void pour(socket, OCTETS).then(() => socket.end())
    }
    socket.on('error', () => {}).on('data', first)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const tunnel = `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`
  const ways = {
    'a tunnel up': [`${tunnel}up`, OCTETS - 2],
    'a tunnel down': [`${tunnel}down`, 0],
    'an answer': [`GET http://${to}/ HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n\r\n`, 0],
    'an upload': [`POST http://${to}/ HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\nContent-Length: ${OCTETS}\r\n\r\n`, OCTETS],
  } as const
  let told = 0
  for (const [what, [words, up]] of Object.entries(ways)) {
    const began = performance.now()
    const client = connect(running.port, '127.0.0.1')
    let read = 0
    client.on('error', () => {}).on('data', (chunk: Buffer) => (read += chunk.length))
    const ended = once(client, 'end')
    client.write(words)
    await pour(client, up)
    await ended
    client.end()
    t.comment(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
    told++
    const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '') : [])
    await until('it is told', () => lines(events).filter((line) => line.includes('"event":"request"')).length === told && lines(access).length === told)
    const record = JSON.parse(lines(events).at(-1) as string) as Record<string, unknown>
    const head = words.indexOf('\r\n\r\n') + 4
    t.equal(record['bytesIn'], head + (what === 'a tunnel down' ? 4 : up === 0 ? 0 : OCTETS), `${what}: octets in`)
    t.equal(record['bytesOut'], read, `${what}: octets out, all that the client read`)
    t.equal(lines(access).at(-1)?.trim().split(/ +/)[4], String(read), `${what}: in the access log`)
    t.ok(up > 0 ? took === OCTETS : read > OCTETS, what)
  }
})
