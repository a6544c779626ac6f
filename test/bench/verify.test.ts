// What goes through a whole gateway comes out as it went in, with one worker and with two; and the check itself sees a relay that mixes streams.
import t from 'tap'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { OPEN_POLICY, folderFor, serve } from '../gateway/process.ts'
import { verify } from './verify.ts'

const EACH = 2 * 16 * 4

for (const workers of [1, 2]) {
  t.test(`sixteen streams of each kind at once, ${workers} worker${workers === 1 ? '' : 's'}`, async (t) => {
    const folder = folderFor(t, { 'policy.yaml': OPEN_POLICY })
    const { port } = await serve(t, ['--policy', `${folder}/policy.yaml`, '--host', '127.0.0.1', '--port', '0', '--workers', `${workers}`, '--event-log', 'none', '--pid-file', `${folder}/pid`])
    t.same(await verify(port), { right: EACH, wrong: [] })
  })
}

t.test('a relay whose tunnels share a buffer does not pass', async (t) => {
  const shared = Buffer.alloc(64 << 10)
  const pour = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      chunk.copy(shared)
      setImmediate(() => to.write(Buffer.from(shared.subarray(0, chunk.length))))
    }).on('end', () => setTimeout(() => to.end(), 20)).on('error', () => to.destroy())
  }
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.once('data', (head: Buffer) => {
      const port = /^CONNECT [^:]+:(\d+) /.exec(head.toString('latin1'))?.[1]
      if (port === undefined) return void client.destroy()
      const upstream = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }, () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
      pour(client, upstream)
      pour(upstream, client)
    }).on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { wrong } = await verify((server.address() as AddressInfo).port, 'localhost', 1)
  t.ok(wrong.some((each) => /^CONNECT \d+: \d+ octets of another content$/.test(each)), 'streams are mixed, and it is seen')
  t.equal(wrong.filter((each) => !each.startsWith('CONNECT')).length, 16 * 3, 'what it does not answer is no success')
})
