// Whose connections to an origin are whose: those that NTLM or Negotiate authenticated serve one client alone.
import type { Socket } from 'node:net'
import t from 'tap'
import { client, OK, startGateway, startOrigin, type Test } from './gateway.ts'
import { pause } from './sockets.ts'

/** What each connection to the origin read, as the paths that were asked over it. */
async function paths(t: Test, authorization: string): Promise<{ readonly seen: string[][]; readonly known: Socket; readonly open: ReadonlySet<Socket> }> {
  const gateway = await startGateway(t)
  const origin = await startOrigin(t, (socket) => {
    for (let count = 0; count < 4; count++) socket.when(new RegExp(`^(?:[^]*?\\r\\n\\r\\n){${count + 1}}`), OK)
  })
  const at = `origin.test:${origin.port}`
  const ask = async (raw: ReturnType<typeof client>, path: string, field = ''): Promise<void> => {
    const before = raw.said.length
    raw.send(`GET http://${at}${path} HTTP/1.1\r\nHost: ${at}\r\n${field}\r\n`)
    await raw.until((said) => said.length > before && said.endsWith('ok'))
  }
  const known = client(t, gateway.port)
  const stranger = client(t, gateway.port)
  await ask(known, '/known', `Authorization: ${authorization}\r\n`)
  await ask(stranger, '/stranger')
  await ask(known, '/again')
  await ask(stranger, '/again')
  const seen = origin.seen.map((each) => [...each.matchAll(/^GET (\S+)/gm)].map(([, path]) => path ?? ''))
  return { seen, known: known.socket, open: origin.open }
}

for (const authorization of ['Negotiate YIIabc=', 'NTLM TlRMTVNTUAAB', 'negotiate']) {
  t.test(`${authorization}: the connection is its client's alone`, async (t) => {
    const { seen, known, open } = await paths(t, authorization)
    t.same(seen, [['/known', '/again'], ['/stranger', '/again']])
    known.destroy()
    while (open.size > 1) await pause(5)
    t.equal(open.size, 1, 'it ends with its client, the other stays')
  })
}

t.test('what is said with each request binds no connection', async (t) => {
  const { seen } = await paths(t, 'Basic dTpw')
  t.same(seen, [['/known', '/stranger', '/again', '/again']])
})
