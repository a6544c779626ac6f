// The wheel: never early, at most a slot late, whatever is armed, moved and disarmed in between.
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

t.test('a hundred thousand cost little', async (t) => {
  const began = performance.now()
  const many = Array.from({ length: 100_000 }, () => deadline(() => t.fail('none is due')))
  for (const each of many) arm(each, 60_000)
  for (const each of many) arm(each, 86_400_000)
  for (const each of many) disarm(each)
  t.ok(performance.now() - began < 1500, `${Math.round(performance.now() - began)} ms`)
})
