// The last refusals of each client, in memory that all workers share: nobody's text in another's page, whoever writes and reads at once.
import t from 'tap'
import { Worker } from 'node:worker_threads'
import { REFUSAL_BYTES, RefusalRing } from '../../src/proxy/refusals.ts'
import { ip } from './sockets.ts'

const SOURCE = `
import { workerData, parentPort } from 'node:worker_threads'
const { RefusalRing } = await import(workerData.ring)
const { parseIp } = await import(workerData.ip)
const ring = new RefusalRing(workerData.buffer, 0, 7)
const clients = workerData.clients.map((text) => parseIp(text))
for (let round = 0; round < 20000; round++) {
  const at = round % clients.length
  const mark = workerData.clients[at]
  ring.add(clients[at], { time: round, status: 403, rule: mark, reason: mark.repeat(10), what: mark.repeat(round % 30), id: mark })
}
parentPort.postMessage('done')
`

t.test('several workers write, one reads: an entry is one client\'s or is not there', { timeout: 60_000 }, async (t) => {
  const buffer = new SharedArrayBuffer(REFUSAL_BYTES)
  const ring = new RefusalRing(buffer, 0, 7)
  // enough of them for every set to be fought over
  const clients = Array.from({ length: 40 }, (_, at) => `10.0.${at}.1`)
  const module = (path: string): string => new URL(path, import.meta.url).href
  const source = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`)
  const workers = [0, 1, 2].map(() => new Worker(source, { workerData: { ring: module('../../src/proxy/refusals.ts'), ip: module('../../src/net/ip.ts'), buffer, clients } }))
  let running = workers.length
  const ended = workers.map((worker) => new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => {
      running--
      resolve()
    })
  }))
  let read = 0
  const wrong: unknown[] = []
  while (running > 0) {
    for (const client of clients) {
      for (const kept of ring.of(ip(client))) {
        read++
        if (kept.rule !== client || kept.id !== client || kept.reason.replaceAll(client, '') !== '' || kept.what.replaceAll(client, '') !== '') wrong.push({ client, kept })
      }
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(ended)
  t.same(wrong.slice(0, 3), [])
  t.ok(read > 1_000, `${read} entries read`)
})

t.test('what is long is cut, and a noisy client pushes out its own set alone', async (t) => {
  const ring = new RefusalRing(new SharedArrayBuffer(REFUSAL_BYTES), 0, 7)
  const long = { time: 1, status: 403, rule: 'r', reason: '\u4e16'.repeat(2_000), what: 'w'.repeat(5_000), id: 'i' }
  ring.add(ip('10.0.0.1'), long)
  t.match(ring.of(ip('10.0.0.1')), [{ rule: 'r', id: 'i', what: /^w+\.\.\.$/ }])
  const quiet = Array.from({ length: 200 }, (_, at) => ip(`10.1.${at}.1`))
  for (const client of quiet) ring.add(client, { ...long, reason: '', what: client.text })
  for (let round = 0; round < 5_000; round++) ring.add(ip('10.0.0.2'), { ...long, time: round })
  t.ok(quiet.filter((client) => ring.of(client).some(({ what }) => what === client.text)).length > 190)
  t.ok(ring.of(ip('10.0.0.2')).length <= 16)
})
