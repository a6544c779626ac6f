// The long run: node test/wire/fuzz/run.ts [--minutes 10] [--seed N]. Ends with what it tried, what it kept, and each finding as a case; exit code 1 when there is one.
import { parseArgs } from 'node:util'
import { corpus } from './corpus.ts'
import { randomOf } from './mutate.ts'
import { Search } from './search.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: String(Date.now() % 2 ** 32) } } })
const search = new Search(await corpus(), randomOf(Number(values.seed)))
search.begin()
const end = performance.now() + Number(values.minutes) * 60_000
let told = performance.now()
while (performance.now() < end) {
  for (let many = 0; many < 500; many++) search.step()
  if (performance.now() - told < 30_000) continue
  told = performance.now()
  process.stdout.write(`${search.tried} tried, ${search.kept} behaviours, ${search.findings.size} findings\n`)
}
for (const { problem, bytes, method } of search.findings.values()) process.stdout.write(`finding: ${JSON.stringify({ method, bytes: bytes.toString('latin1') })}\n  ${problem}\n`)
process.stdout.write(`seed ${values.seed}: ${search.tried} tried, ${search.kept} behaviours kept, ${search.findings.size} findings\n`)
process.exitCode = search.findings.size === 0 ? 0 : 1
