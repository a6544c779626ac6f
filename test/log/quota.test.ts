// A bound on a client's lines: half a minute's worth at once, its rate after that, over all workers, and not one request uncounted.
import t from 'tap'
import fc from 'fast-check'
import { Allowance, allowanceBuffer, BURST_S } from '../../src/log/allowance.ts'
import { countedAs, type LeftOut, Quota } from '../../src/log/quota.ts'
import { sampleRecord } from './sample.ts'

const RATES = { refusalsLoggedPerSecondPerClient: 2, requestsLoggedPerSecondPerClient: 10 }
const DENIED = sampleRecord({ verdict: 'deny', error: 'http_request_denied', bytesIn: 10, bytesOut: 20 })
const ALLOWED = sampleRecord({ bytesIn: 10, bytesOut: 20 })
const START = 1_800_000_000_000

function quotaWith(buffer = allowanceBuffer()): { quota: Quota; told: LeftOut[] } {
  const told: LeftOut[] = []
  return { quota: new Quota(buffer, (left) => told.push({ ...left })), told }
}

function admitted(quota: Quota, times: number, now: number, record = DENIED): number {
  let count = 0
  for (let i = 0; i < times; i++) if (quota.admits(record, RATES, now)) count++
  return count
}

t.test('refusals: half a minute at once, then the rate', async (t) => {
  const { quota } = quotaWith()
  t.equal(admitted(quota, 500, START), 2 * BURST_S)
  t.equal(admitted(quota, 500, START + 999), 0)
  t.equal(admitted(quota, 500, START + 1_000), 2)
  t.equal(admitted(quota, 500, START + 6_000), 10)
  t.equal(admitted(quota, 500, START + 3_600_000), 2 * BURST_S, 'never more than the bucket')
})

t.test('what was allowed has its own bucket, which refusals use too', async (t) => {
  const { quota } = quotaWith()
  t.equal(admitted(quota, 500, START), 60)
  t.equal(admitted(quota, 500, START, ALLOWED), 300 - 60)
  t.equal(admitted(quota, 500, START + 1_000), 2)
  t.equal(admitted(quota, 500, START + 1_000, ALLOWED), 8)
})

t.test('a failure counts as a refusal', async (t) => {
  const { quota } = quotaWith()
  t.equal(admitted(quota, 500, START, sampleRecord({ verdict: 'error', error: 'dns_error' })), 60)
  t.equal(admitted(quota, 500, START, sampleRecord({ verdict: 'allow', error: 'client_closed' })), 0)
})

t.test('clients do not share, workers do', async (t) => {
  const buffer = allowanceBuffer()
  const workers = [quotaWith(buffer), quotaWith(buffer), quotaWith(buffer)]
  let count = 0
  for (let i = 0; i < 300; i++) for (const { quota } of workers) count += admitted(quota, 1, START)
  t.equal(count, 60)
  t.equal(admitted(quotaWith(buffer).quota, 500, START, sampleRecord({ ...DENIED, client: '192.168.51.36' })), 60)
})

t.test('an IPv6 client is its /64', async (t) => {
  const cases = [
    ['192.168.51.35', '192.168.51.35'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:db8:1:2::6', '2001:db8:1:2::/64'], ['2001:db8::6', '2001:db8::/64'], ['::1', '::/64'], ['fe80::1', 'fe80::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'], ['2001:0:0:1::1', '2001:0:0:1::/64'], ['::', '::/64'], ['2001:db8:0:1:0:1:0:1', '2001:db8:0:1::/64'],
  ] as const
  for (const [address, name] of cases) t.equal(countedAs(address), name)
  const { quota } = quotaWith()
  let count = 0
  for (let i = 0; i < 500; i++) count += admitted(quota, 1, START, sampleRecord({ ...DENIED, client: `2001:db8:1:2::${i.toString(16)}` }))
  t.equal(count, 60)
})

t.test('what was left out is told when there are lines again', async (t) => {
  const { quota, told } = quotaWith()
  admitted(quota, 160, START)
  admitted(quota, 2, START + 999)
  t.same(told, [])
  t.ok(quota.waiting)
  admitted(quota, 3, START + 2_000)
  t.match(told[0], { client: '192.168.51.35', from: START, to: START + 999, deny: 102 }, 'before the line that is written again')
})

t.test('and when nothing comes any more', async (t) => {
  const { quota, told } = quotaWith()
  admitted(quota, 160, START)
  quota.flush(START + 900, false)
  t.same(told, [])
  quota.flush(START + 1_500, false)
  t.same(told, [{ client: '192.168.51.35', from: START, to: START, allow: 0, deny: 100, error: 0, bytesIn: 1000, bytesOut: 2000 }])
  t.notOk(quota.waiting)
})

t.test('while it lasts it is told every ten seconds', async (t) => {
  const { quota, told } = quotaWith()
  const slow = { ...RATES, refusalsLoggedPerSecondPerClient: 1 }
  let written = 0
  for (let ms = 0; ms < 35_000; ms += 10) {
    if (quota.admits(DENIED, slow, START + ms)) written++
    quota.flush(START + ms, false)
  }
  t.equal(told.length, 3)
  quota.flush(START + 35_000, true)
  t.equal(told.reduce((sum, { deny }) => sum + deny, written), 3_500)
})

t.test('no request goes uncounted, whatever the clients, the clock and the workers do', async (t) => {
  const client = fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2', '2001:db8:1::1')
  const step = fc.record({ client, worker: fc.nat(1), verdict: fc.constantFrom('allow', 'deny', 'error'), pass: fc.constantFrom(0, 0, 0, 1, 900, 5_000, -2_000), times: fc.integer({ min: 1, max: 80 }) })
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const buffer = allowanceBuffer()
    const workers = [quotaWith(buffer), quotaWith(buffer)]
    let now = START
    let written = 0
    const asked = { allow: 0, deny: 0, error: 0 }
    const passed: Record<string, number> = { allow: 0, deny: 0, error: 0 }
    for (const { client, worker, verdict, pass, times } of steps) {
      now += pass
      const record = sampleRecord({ client, verdict, bytesIn: 1, bytesOut: 1 })
      for (let i = 0; i < times; i++) {
        asked[verdict]++
        if (workers[worker]?.quota.admits(record, RATES, now) === true) {
          written++
          passed[verdict] = (passed[verdict] ?? 0) + 1
        }
      }
      workers[worker]?.quota.flush(now, false)
    }
    for (const { quota } of workers) quota.flush(now, true)
    const left = workers.flatMap(({ told }) => told)
    const sum = (key: 'allow' | 'deny' | 'error' | 'bytesIn'): number => left.reduce((total, each) => total + each[key], 0)
    return (['allow', 'deny', 'error'] as const).every((key) => asked[key] === (passed[key] ?? 0) + sum(key)) && sum('bytesIn') + written === asked.allow + asked.deny + asked.error
      && left.every((each) => each.allow + each.deny + each.error > 0)
  }), { numRuns: 300 })
  t.pass()
})

t.test('a flood of addresses takes neither memory nor the lines of others', async (t) => {
  const buffer = allowanceBuffer()
  const { quota, told } = quotaWith(buffer)
  admitted(quota, 100, START)
  for (let i = 0; i < 200_000; i++) quota.admits(sampleRecord({ client: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, verdict: 'deny' }), RATES, START + (i >> 6))
  quota.flush(START, true)
  const kept = told.filter(({ client }) => client === '192.168.51.35')
  t.equal(kept.reduce((sum, { deny }) => sum + deny, 0), 40, 'counted to the last one, though its entry was needed')
  const all = new Allowance(buffer)
  const fresh = (client: string): number => {
    const place = all.place(client)
    let count = 0
    while (count < 1_000 && all.take(place, true, Math.floor(START / 1000) + 7_200, RATES)) count++
    return count
  }
  t.equal(fresh('192.168.51.99'), 60, 'and two hours later everything is as before')
})

t.test('who finds no slot shares one: more addresses do not mean more lines without end', async (t) => {
  const all = new Allowance(allowanceBuffer())
  const second = Math.floor(START / 1000)
  let lines = 0
  for (let i = 0; i < 30_000; i++) if (all.take(all.place(`10.0.${i >> 8}.${i & 255}`), true, second, RATES)) lines++
  t.ok(lines <= 8192 + 2 * BURST_S, `${lines} lines for 30,000 addresses at once`)
})

t.test('another rate holds from the next second on', async (t) => {
  const { quota } = quotaWith()
  admitted(quota, 500, START)
  const more = { ...RATES, refusalsLoggedPerSecondPerClient: 5 }
  let count = 0
  for (let i = 0; i < 100; i++) if (quota.admits(DENIED, more, START + 1_000)) count++
  t.equal(count, 5)
})
