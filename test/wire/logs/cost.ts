// What a record costs on its way to the log, in nanoseconds: rendered, with and without the quota, and where nothing is written any more.
// use: node test/wire/logs/cost.ts [ROUNDS]
import { allowanceBuffer } from '../../../src/log/allowance.ts'
import { outbox } from '../../../src/gateway/outbox.ts'
import { eventLog } from '../../../src/log/events.ts'
import { squidLine } from '../../../src/log/squid.ts'
import { Quota } from '../../../src/log/quota.ts'
import { sampleRecord } from '../../log/sample.ts'

const rounds = Number(process.argv[2] ?? 200_000)
const rates = { refusalsLoggedPerSecondPerClient: 10_000_000, requestsLoggedPerSecondPerClient: 10_000_000 }
const short = sampleRecord({ target: 'http://example.com/index.html', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36', contentType: 'text/html' })
const query = sampleRecord({ ...short, target: 'http://example.com/search?q=a%20b&hl=de&client=firefox&start=10' })
const strange = sampleRecord({ ...short, target: 'http://example.com/\x1b[31m?token=abc', userAgent: '\u009b31m \xe2\x80\xae' })

function measure(name: string, each: (index: number) => void): void {
  let best = Infinity
  for (let run = 0; run < 5; run++) {
    const began = performance.now()
    for (let index = 0; index < rounds; index++) each(index)
    best = Math.min(best, (performance.now() - began) / rounds)
  }
  process.stdout.write(`${name.padEnd(44)} ${(best * 1e6).toFixed(0).padStart(6)} ns\n`)
}

let octets = 0
const log = eventLog((line) => {
  octets += line.length
})
for (const [name, record] of [['a page', short], ['a search', query], ['a hostile one', strange]] as const) {
  measure(`event line, ${name}`, () => log.request(record))
  measure(`access line, ${name}`, () => {
    octets += squidLine(record).length
  })
}
const quota = new Quota(allowanceBuffer(), () => {})
measure('quota, admitted', () => {
  if (quota.admits(short, rates, Date.now())) octets++
})
const full = new Quota(allowanceBuffer(), () => {})
measure('quota, left out', () => {
  if (full.admits(short, { refusalsLoggedPerSecondPerClient: 1, requestsLoggedPerSecondPerClient: 1 }, Date.now())) octets++
})
const common = { worker: 0, note: () => {}, allowance: allowanceBuffer(), underWay: new SharedArrayBuffer(4), send: (events: string, access: string) => Atomics.sub(new Int32Array(common.underWay), 0, events.length + access.length) }
const both = outbox({ ...common, events: true, access: true, rates: () => rates })
measure('outbox, both logs', () => both.record(short))
const flooded = outbox({ ...common, allowance: allowanceBuffer(), events: true, access: true, rates: () => ({ refusalsLoggedPerSecondPerClient: 1, requestsLoggedPerSecondPerClient: 1 }) })
measure('outbox, left out', () => flooded.record(short))
both.flush()
flooded.flush()
