// node test/wire/soak/run.ts --minutes 60 --seed N [--workers 2] [--scale 1] [--json FILE]: prints a table as it goes, the checks at the end, and one line
// with the verdict; the exit code is 0 only when everything holds.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    workers: { type: 'string', default: '2' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
    snapshots: { type: 'string' },
  },
})

const minutes = Number(values.minutes)
const seed = Number(values.seed)
const workers = Number(values.workers)
const scale = Number(values.scale)
if (!(minutes > 0) || !Number.isInteger(seed) || !(workers >= 1) || !(scale > 0)) throw new Error('use: --minutes N --seed N --workers N --scale N')

// whoever is told to end ends what it started: 'exit' is heard by each part
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

console.log(`soak: ${minutes} minutes, seed ${seed}, ${workers} workers`)
const report = await soak({ minutes, seed, workers, scale, trend: true, say: (line) => console.log(line), ...(values.snapshots === undefined ? {} : { snapshots: values.snapshots }) })
console.log('\nkind: done, cut by a kill, this machine had nothing left')
for (const [kind, { done, cut, want }] of Object.entries(report.counts).sort()) console.log(`  ${kind}: ${done}, ${cut}, ${want}`)
console.log(`\nrecords: ${report.records}; ${JSON.stringify(report.verdicts)}\nerrors: ${JSON.stringify(report.errors)}\nevents: ${JSON.stringify(report.events)}\n`)
for (const finding of report.findings.slice(0, 40)) console.log(`!! ${finding}`)
for (const { what, right, seen } of report.checks) console.log(`${right ? 'ok    ' : 'NOT OK'} ${what}: ${seen}`)
const failed = report.checks.filter(({ right }) => !right).length
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`)
const total = Object.values(report.counts).reduce((sum, { done }) => sum + done, 0)
console.log(`\nsoak: ${failed === 0 ? 'FLAT' : 'NOT FLAT'}: ${minutes} minutes, seed ${seed}, ${total} exchanges, ${report.records} records, ${report.found} findings, ${failed} of ${report.checks.length} checks failed`)
process.exit(failed === 0 ? 0 : 1)
