// Reloads take turns; who asks while one waits shares it, who asks while one runs gets the next.
import t from 'tap'
import { coalesced, turns } from '../../src/gateway/coalesce.ts'

t.test('tasks never overlap, and one that fails does not stop the next', async (t) => {
  const turn = turns()
  const seen: string[] = []
  const task = (name: string, fails = false) => async () => {
    seen.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 2))
    seen.push(`${name} ends`)
    if (fails) throw new Error(name)
    return name
  }
  const all = await Promise.allSettled([turn(task('a')), turn(task('b', true)), turn(task('c'))])
  t.same(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  t.same(all.map((each) => each.status), ['fulfilled', 'rejected', 'fulfilled'])
})

t.test('a hundred who ask at once cost two runs at most', async (t) => {
  let runs = 0
  let content = 'old'
  const ask = coalesced(turns(), async () => {
    runs++
    const read = content
    await new Promise((resolve) => setTimeout(resolve, 2))
    return read
  })
  const first = ask()
  await new Promise((resolve) => setImmediate(resolve))
  content = 'new'
  const later = Array.from({ length: 100 }, () => ask())
  t.equal(await first, 'old', 'the running one read before the change')
  t.same(new Set(await Promise.all(later)), new Set(['new']), 'who asked after the change sees it')
  t.equal(runs, 2)
})
