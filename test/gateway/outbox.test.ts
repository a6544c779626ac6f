// A worker's records on their way to the main thread: in batches, in order, no more under way than may be, and none without a number.
import t from 'tap'
import { outbox, type OutboxOptions } from '../../src/gateway/outbox.ts'
import { allowanceBuffer } from '../../src/log/allowance.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { sampleRecord } from '../log/sample.ts'

const RATES = { refusalsLoggedPerSecondPerClient: 1, requestsLoggedPerSecondPerClient: 50_000 }

function boxWith(change: Partial<OutboxOptions> = {}): { box: ReturnType<typeof outbox>; sent: { events: string; access: string; lost: number }[]; notes: string[]; underWay: Int32Array } {
  const sent: { events: string; access: string; lost: number }[] = []
  const notes: string[] = []
  const underWay = new SharedArrayBuffer(8)
  const box = outbox({
    events: true, access: true, worker: 1, allowance: allowanceBuffer(), underWay, rates: () => RATES, send: (events, access, lost) => void sent.push({ events, access, lost }), note: (message) => void notes.push(message), ...change,
  })
  return { box, sent, notes, underWay: new Int32Array(underWay) }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

t.test('many lines, one message, and what is under way is counted', async (t) => {
  const { box, sent, underWay } = boxWith()
  for (let i = 0; i < 10; i++) box.record(sampleRecord({ id: `r${i}` }))
  t.equal(sent.length, 0)
  await pause(400)
  t.equal(sent.length, 1)
  t.same(sent[0]?.events.trimEnd().split('\n').map((line) => (JSON.parse(line) as { id: string }).id), Array.from({ length: 10 }, (_, i) => `r${i}`))
  t.equal(sent[0]?.access.trimEnd().split('\n').length, 10)
  t.equal(underWay[1], (sent[0]?.events.length ?? 0) + (sent[0]?.access.length ?? 0))
  t.equal(underWay[0], 0, 'another worker has its own')
})

t.test('a main thread that takes nothing: records are dropped and counted, and told once it takes them again', async (t) => {
  const { box, sent, underWay } = boxWith({ access: false })
  const target = `http://h/${'x'.repeat(4_000)}`
  for (let i = 0; i < 4_000; i++) box.record(sampleRecord({ target }))
  box.flush()
  const written = sent.reduce((sum, { events }) => sum + events.trimEnd().split('\n').filter((line) => line !== '').length, 0)
  const lost = sent.reduce((sum, each) => sum + each.lost, 0)
  t.equal(written + lost, 4_000)
  t.ok(lost > 1_000 && (underWay[1] ?? 0) < 9 << 20, `${lost} dropped, ${underWay[1]} characters under way`)
  Atomics.store(underWay, 1, 0)
  box.record(sampleRecord({ id: 'again' }))
  box.flush()
  t.match(sent.at(-1)?.events, /"id":"again"/)
})

t.test('what is left out is told behind the lines, at the end at the latest', async (t) => {
  const { box, sent } = boxWith()
  for (let i = 0; i < 100; i++) box.record(sampleRecord({ verdict: 'deny' }))
  box.flush()
  const lines = sent[0]?.events.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) ?? []
  t.equal(lines.length, 31)
  t.match(lines.at(-1), { event: 'left-out', deny: 70, client: '192.168.51.35', worker: 1 })
  t.equal(sent[0]?.access.trimEnd().split('\n').length, 30)
})

t.test('and by a note where there is no event log', async (t) => {
  const { box, sent, notes } = boxWith({ events: false })
  for (let i = 0; i < 100; i++) box.record(sampleRecord({ verdict: 'deny' }))
  box.flush()
  t.equal(sent[0]?.events, '')
  t.same(notes, ['70 requests of 192.168.51.35 are not in the log: more than limits lets one client have there'])
})

t.test('within seconds while nobody flushes', async (t) => {
  const { box, sent } = boxWith()
  for (let i = 0; i < 100; i++) box.record(sampleRecord({ verdict: 'deny' }))
  const end = performance.now() + 20_000
  while (!sent.some(({ events }) => events.includes('left-out')) && performance.now() < end) await pause(50)
  t.ok(sent.some(({ events }) => events.includes('"deny":70')))
})

t.test('no logs, no work', async (t) => {
  const { box, sent, notes } = boxWith({ events: false, access: false })
  for (let i = 0; i < 100; i++) box.record(sampleRecord({ verdict: 'deny' }))
  box.flush()
  t.same([sent, notes], [[], []])
})

t.test('a record that cannot be rendered ends nothing', async (t) => {
  const { box, sent, notes } = boxWith()
  const broken: RequestRecord = sampleRecord({ time: Number.NaN })
  box.record(broken)
  box.record(sampleRecord({ id: 'next' }))
  box.flush()
  t.equal(sent[0]?.lost, 1)
  t.match(sent[0]?.events, /"id":"next"/)
  t.match(notes[0], /a record could not be written: Invalid time value/)
})
