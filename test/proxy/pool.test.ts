// Idle upstream connections: who gets which, and what ends one.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { parseAuthority, type Target } from '../../src/net/target.ts'
import { Pool } from '../../src/proxy/pool.ts'
import { endpoint, pause, serve } from './sockets.ts'

function target(text: string): Target {
  const parsed = parseAuthority(text, 80)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

t.test('the newest connection of the very same address, port and name', async (t) => {
  const accepted: Socket[] = []
  const port = await serve(t, (socket) => accepted.push(socket))
  const pool = new Pool()
  t.teardown(() => pool.clear())
  const open = async (name: string): Promise<ReturnType<Pool['adopt']>> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const upstream = pool.adopt(socket, target(name), endpoint('127.0.0.1', port))
    socket.resume()
    return upstream
  }
  const first = await open('a.test')
  const second = await open('a.test')
  const other = await open('b.test')
  for (const each of [first, second, other]) pool.give(each)
  t.equal(pool.idle, 3)
  const here = [endpoint('127.0.0.1', port)]
  t.equal(pool.take(target('c.test'), here), undefined, 'another name')
  t.equal(pool.take(target('a.test'), [endpoint('127.0.0.1', port + 1)]), undefined, 'another port')
  t.equal(pool.take(target('a.test'), [endpoint('127.0.0.2', port)]), undefined, 'another address')
  t.equal(pool.take(target('A.test.'), here), second, 'the newest, under its canonical name')
  t.equal(second.endpoint, here[0], 'used by this decision, and recorded by it')
  t.equal(pool.take(target('a.test'), here), first)
  t.equal(pool.take(target('a.test'), here), undefined)
  pool.give(first)
  while (accepted.length < 3) await pause(1)
  // octets that nobody asked for, and an end
  for (const socket of accepted) socket.write('HTTP/1.1 200 OK\r\n\r\n')
  while (pool.idle > 0) await pause(1)
  t.equal(first.alive, false)
  t.equal(other.alive, false)
})
