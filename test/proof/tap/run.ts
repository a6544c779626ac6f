// The differential by hand, as long as one likes: `node test/proof/tap/run.ts [--policies 80] [--packets 500] [--seed 1] [--fault ports|macs|disabled]`,
// as root. Each policy is loaded in both back ends and met by the same packets. Ends with 1 where something differs.
import { parseArgs } from 'node:util'
import { seeded } from '../../../src/proof/chooser.ts'
import { KINDS, Trial, drawnPolicy, faulty, tally } from './differential.ts'
import type { Fault } from './differential.ts'
import { Field } from './field.ts'

const { values } = parseArgs({ options: { policies: { type: 'string', default: '80' }, packets: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' }, fault: { type: 'string' } } })
const FAULTS: readonly Fault[] = ['ports', 'macs', 'disabled']
const fault = FAULTS.find((each) => each === values.fault)
const random = seeded(Number(values.seed))
const field = new Field()
const began = performance.now()
const sums = { nft: tally(), iptables: tally() }
try {
  await field.open()
  for (let count = 0; count < Number(values.policies);) {
    const drawn = drawnPolicy(random)
    const bad = fault === undefined ? undefined : faulty(drawn, fault)
    if (fault !== undefined && bad === undefined) continue
    const trial = new Trial(field, drawn.material, Number(values.packets), random, bad)
    for (const backend of ['nft', 'iptables'] as const) await trial.run(backend, sums[backend])
    count += 1
  }
} finally {
  await field.close()
}
for (const [backend, sum] of Object.entries(sums)) {
  process.stdout.write(`${backend}: ${sum.packets} packets, ${sum.accepted} accepted, ${sum.caught} of them caught; ${KINDS.map((kind) => `${sum.found[kind]} ${kind}`).join(', ')}\n${sum.shown.map((each) => `  ${each}\n`).join('')}`)
}
process.stdout.write(`${values.policies} policies, seed ${values.seed}, ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
process.exitCode = Object.values(sums).some((sum) => KINDS.some((kind) => sum.found[kind] > 0)) ? 1 : 0
