// Long work between requests: done whole, with room for others; or, once nobody wants it, not to its end.
import t from 'tap'
import { inSlices } from '../../src/gateway/slices.ts'

function* work(steps: number, done: number[]): Generator<undefined, string> {
  for (let step = 0; step < steps; step++) {
    const end = performance.now() + 0.2
    while (performance.now() < end) { /* works */ }
    done.push(step)
    yield
  }
  return 'whole'
}

t.test('wanted to its end', async (t) => {
  const done: number[] = []
  let between = 0
  const others = setInterval(() => between++, 1)
  t.equal(await inSlices(work(100, done), () => true), 'whole')
  clearInterval(others)
  t.equal(done.length, 100)
  t.ok(between > 0, 'others had their turn')
})

t.test('taken back', async (t) => {
  const done: number[] = []
  let wanted = true
  const result = inSlices(work(10_000, done), () => wanted)
  setTimeout(() => {
    wanted = false
  }, 5)
  t.equal(await result, undefined)
  t.ok(done.length < 10_000, `${done.length} steps of 10,000`)
})
