// Limits over workers: counts that are shared, rates that are fair, tables that are bounded, descriptors that stay in reserve.
import t from 'tap'
import { Worker } from 'node:worker_threads'
import { ipFromValue } from '../../src/net/ip.ts'
import type { Limits } from '../../src/policy/policy.ts'
import { forgetWorker, limitBuffer } from '../../src/proxy/counters.ts'
import { descriptorCapacity, descriptorLimit } from '../../src/proxy/descriptors.ts'
import { LimitCounters, takeToken } from '../../src/proxy/limits.ts'
import { ip, LIMITS } from './sockets.ts'

const limits = (more: Partial<Limits>): Limits => ({ ...LIMITS, newPerSecond: 1e6, newPerSecondPerClient: 1e6, ...more })

t.test('connections of a client, and in all', async (t) => {
  const buffer = limitBuffer(2)
  const [one, two] = [new LimitCounters(buffer, 0), new LimitCounters(buffer, 1)]
  const some = limits({ connections: 5, connectionsPerClient: 2 })
  const [a, b] = [ip('192.0.2.1'), ip('2001:db8::1')]
  const first = one.connection(a, some)
  const second = two.connection(a, some)
  t.equal(first.refused, undefined)
  t.equal(second.refused, undefined)
  const third = one.connection(a, some)
  t.match(third.refused, { limit: 'connections-per-client', retryAfterS: 1, cause: { by: 'limits', kind: 'limits' } }, 'the third, whichever worker has it')
  t.equal(two.connection(b, some).refused, undefined, 'another client is not held by that')
  t.equal(one.connections, 4)
  t.ok(two.hasRoom(some))
  const fifth = two.connection(b, some)
  t.notOk(one.hasRoom(some), 'a refused one counts until it is closed')
  third.release()
  third.release()
  t.ok(one.hasRoom(some))
  first.release()
  t.equal(one.connection(a, some).refused, undefined)
  fifth.release()
})

t.test('tunnels', async (t) => {
  const counters = new LimitCounters(limitBuffer(1), 0)
  const some = limits({ tunnels: 3, tunnelsPerClient: 2 })
  const held = [counters.tunnel(ip('192.0.2.1'), some), counters.tunnel(ip('192.0.2.1'), some)]
  t.match(counters.tunnel(ip('192.0.2.1'), some).refused, { limit: 'tunnels-per-client' })
  held.push(counters.tunnel(ip('192.0.2.2'), some))
  t.match(counters.tunnel(ip('192.0.2.3'), some).refused, { limit: 'tunnels' })
  t.equal(counters.tunnels, 3, 'a refused one is not counted')
  for (const each of held) each.release()
  t.equal(counters.tunnels, 0)
  t.equal(counters.tunnel(ip('192.0.2.1'), some).refused, undefined)
})

t.test('new connections a second', async (t) => {
  const buffer = limitBuffer(2)
  const workers = [new LimitCounters(buffer, 0), new LimitCounters(buffer, 1)]
  const some = limits({ newPerSecondPerClient: 10 })
  const counters = (i: number): LimitCounters => workers[i % 2] as LimitCounters
  const admitted = (client: string): number => Array.from({ length: 40 }, (_, i) => counters(i).connection(ip(client), some)).filter(({ refused }) => refused === undefined).length
  const passed = admitted('192.0.2.1')
  t.ok(passed >= 10 && passed <= 12, `${passed} of 40 at once, over both workers`)
  const others = admitted('192.0.2.2')
  t.ok(others >= 10 && others <= 12, 'another client has its own')
  const refused = counters(0).connection(ip('192.0.2.1'), some).refused
  t.match(refused, { limit: 'new-per-second-per-client', retryAfterS: 1 })
  await new Promise((resolve) => setTimeout(resolve, 350))
  const later = admitted('192.0.2.1')
  t.ok(later >= 3 && later <= 6, `${later} more after a third of a second`)
  const inAll = new LimitCounters(limitBuffer(1), 0)
  const all = Array.from({ length: 30 }, (_, i) => inAll.connection(ipFromValue(4, BigInt(i + 1)), limits({ newPerSecond: 5 }))).filter((each) => each.refused === undefined).length
  t.ok(all >= 5 && all <= 6, 'and all together')
})

t.test('the bucket', async (t) => {
  t.same(takeToken(0, 10, 1000), { due: 1100 })
  t.same(takeToken(1900, 10, 1000), { due: 2000 }, 'the last of a second\'s worth')
  t.match(takeToken(2000, 10, 1000), { waitMs: 100 })
  t.same(takeToken(9_999_999, 10, 1000), { due: 1100 }, 'a time that no bucket can reach is forgotten')
  t.same(takeToken(0, 0.5, 1000), { due: 3000 }, 'one in two seconds')
})

t.test('a worker that died takes its counts along', async (t) => {
  const buffer = limitBuffer(2)
  const [one, two] = [new LimitCounters(buffer, 0), new LimitCounters(buffer, 1)]
  const some = limits({ connectionsPerClient: 1 })
  one.connection(ip('192.0.2.1'), some)
  t.ok(two.connection(ip('192.0.2.1'), some).refused)
  forgetWorker(buffer, 0)
  t.equal(two.connections, 1)
  forgetWorker(buffer, 1)
  t.equal(one.connection(ip('192.0.2.1'), some).refused, undefined)
})

t.test('more clients than the table holds', async (t) => {
  const counters = new LimitCounters(limitBuffer(1), 0)
  const some = limits({ connections: 1e9 })
  const open = Array.from({ length: 60_000 }, (_, i) => counters.connection(ipFromValue(6, (1n << 100n) + BigInt(i)), some))
  t.ok(open.every(({ refused }) => refused === undefined), 'those without a place are held by the limits in all alone')
  for (const each of open) each.release()
  t.equal(counters.connections, 0)
  const strict = limits({ connectionsPerClient: 1 })
  const kept = counters.connection(ip('192.0.2.1'), strict)
  t.ok(counters.connection(ip('192.0.2.1'), strict).refused, 'and places are free again')
  kept.release()
})

t.test('threads share the counts', async (t) => {
  const buffer = limitBuffer(2)
  const code = `
    const { workerData, parentPort } = require('node:worker_threads')
    Promise.all([import(workerData.limits), import(workerData.ip)]).then(([{ LimitCounters }, { parseIp }]) => {
      const counters = new LimitCounters(workerData.buffer, 1)
      for (let i = 0; i < 500; i++) counters.connection(parseIp('192.0.2.1'), workerData.policy)
      parentPort.postMessage('done')
    })`
  const url = (path: string): string => new URL(path, import.meta.url).href
  const worker = new Worker(code, { eval: true, workerData: { buffer, policy: limits({ connectionsPerClient: 1e6 }), limits: url('../../src/proxy/limits.ts'), ip: url('../../src/net/ip.ts') } })
  const counters = new LimitCounters(buffer, 0)
  const done = new Promise((resolve) => worker.once('message', resolve))
  for (let i = 0; i < 500; i++) counters.connection(ip('192.0.2.1'), limits({ connectionsPerClient: 1e6 }))
  await done
  await worker.terminate()
  t.equal(counters.connections, 1000)
  t.ok(counters.connection(ip('192.0.2.1'), limits({ connectionsPerClient: 1000 })).refused)
})

t.test('refusals of each client, shared and bounded', async (t) => {
  const buffer = limitBuffer(2)
  const [one, two] = [new LimitCounters(buffer, 0).refusals, new LimitCounters(buffer, 1).refusals]
  for (let i = 0; i < 40; i++) {
    const ring = i % 2 === 0 ? one : two
    ring.add(ip('192.0.2.1'), { time: i, status: 403, rule: 'r', reason: 'because', what: `http://x/${i}`, id: `id-${i}` })
  }
  const kept = two.of(ip('192.0.2.1'))
  t.equal(kept.length, 16)
  t.equal(kept[0]?.what, 'http://x/39', 'the newest first')
  t.same(one.of(ip('192.0.2.2')), [], 'nobody else\'s')
  one.add(ip('192.0.2.9'), { time: 1, status: 403, rule: 'r', reason: '\u00e4'.repeat(5000), what: 'w'.repeat(5000), id: 'long' })
  t.match(two.of(ip('192.0.2.9')), [{ id: 'long', rule: 'r' }], 'what is too long is cut')
})

t.test('descriptors', async (t) => {
  t.equal(descriptorLimit('Limit  Soft\nMax open files            1024                 524288               files\n'), 1024)
  t.equal(descriptorLimit(''), undefined)
  t.same(descriptorCapacity(1024), { connections: 392, waiting: 112 })
  t.same(descriptorCapacity(20_000), { connections: 9680, waiting: 512 })
  t.same(descriptorCapacity(64), { connections: 14, waiting: 4 })
  for (const limit of [16, 64, 96, 1024, 1 << 20]) {
    const { connections, waiting } = descriptorCapacity(limit)
    t.ok(2 * connections + waiting < limit, `${limit} descriptors suffice`)
  }
})
