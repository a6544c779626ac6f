// The wheel: never early, at most a slot late, whatever is armed, moved and disarmed in between.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import { arm, deadline, disarm } from '../../src/proxy/deadlines.ts'
import { pause } from './sockets.ts'

// the wheel alone keeps no process alive
const alive = setInterval(() => {}, 1000)
t.teardown(() => clearInterval(alive))

t.test('deadlines of all lengths', async (t) => {
  const late: number[] = []
  await Promise.all([1, 40, 99, 100, 101, 350, 700].map((ms) => new Promise<void>((resolve) => {
    const began = performance.now()
    arm(deadline(() => {
      late.push(performance.now() - began - ms)
      resolve()
    }), ms)
  })))
  t.ok(Math.min(...late) >= 0, 'never early')
  t.ok(Math.max(...late) < 300, `at most a slot and a slow machine late: ${Math.max(...late)}`)
})

t.test('moved, disarmed, armed again', async (t) => {
  const acted: string[] = []
  const moved = deadline(() => acted.push('moved'))
  const dropped = deadline(() => acted.push('dropped'))
  const again = deadline(() => acted.push('again'))
  arm(moved, 100)
  arm(moved, 400)
  arm(dropped, 100)
  disarm(dropped)
  disarm(dropped)
  arm(again, 50)
  await pause(280)
  t.same(acted, ['again'])
  arm(again, 50)
  await pause(400)
  t.same(acted.sort(), ['again', 'again', 'moved'])
})

t.test('one that acts may arm and disarm others of the same turn', async (t) => {
  const acted: string[] = []
  const second = deadline(() => acted.push('second'))
  const first = deadline(() => {
    acted.push('first')
    disarm(second)
    arm(first, 150)
    if (acted.length > 2) disarm(first)
  })
  arm(first, 100)
  arm(second, 100)
  await pause(1000)
  t.same(acted, ['first', 'first', 'first'])
})

t.test('what came while the process stood still is not late', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const far = await new Promise<Socket>((resolve) => server.once('connection', resolve))
  t.teardown(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  const acted: string[] = []
  const silence = deadline(() => acted.push('silence'))
  const other = deadline(() => acted.push('other'))
  far.on('data', () => disarm(silence))
  await pause(50)
  for (let round = 0; round < 5; round++) {
    arm(silence, 200)
    arm(other, 200)
    // behind a read, as long work is: timers come next, the next read after them
    await new Promise(setImmediate)
    near.write('here')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
    await pause(250)
  }
  t.same(acted, Array(5).fill('other'), 'who spoke in time is heard first; who did not is late all the same')
})

t.test('a hundred thousand cost little', async (t) => {
  const began = performance.now()
  const many = Array.from({ length: 100_000 }, () => deadline(() => t.fail('none is due')))
  for (const each of many) arm(each, 60_000)
  for (const each of many) arm(each, 86_400_000)
  for (const each of many) disarm(each)
  t.ok(performance.now() - began < 1500, `${Math.round(performance.now() - began)} ms`)
})
