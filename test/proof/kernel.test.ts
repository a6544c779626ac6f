// The differential against the kernel, as much of it as fits into half a minute (`node test/proof/tap/run.ts` does any number): random policies,
// random packets at the ends of what rules name, both back ends, on verdict and lines; and the same must fail for faults of a compiler.
import t from 'tap'
import { seeded } from '../../src/proof/chooser.ts'
import { unable } from '../firewall/root.ts'
import { KINDS, Trial, drawnPolicy, faulty, tally } from './tap/differential.ts'
import type { Fault, Tally } from './tap/differential.ts'
import { Field } from './tap/field.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump', 'python3', 'perl'])
const BACKENDS = ['nft', 'iptables'] as const
/** of which at least the first few policies are met, however slow the machine */
const BUDGET_MS = 18_000
const FEWEST = 4
const PACKETS = 500
/** A fault that this many policies do not show is not caught. */
const MOST = 15

const field = new Field()
/** the same policies everywhere, as far as the time goes; `run.ts` tries others */
const seed = 20_261_130

function differing({ found }: Tally): number {
  return KINDS.reduce((total, kind) => total + found[kind], 0)
}

t.before(async () => {
  if (skip === false) await field.open()
})
t.teardown(() => field.close())

t.test('the kernel meets the lines that the simulator names, and no other', { skip, timeout: 90_000 }, async (t) => {
  const random = seeded(seed)
  const sums = { nft: tally(), iptables: tally() }
  const end = performance.now() + BUDGET_MS
  for (let count = 0; count < FEWEST || performance.now() < end; count++) {
    const trial = new Trial(field, drawnPolicy(random).material, PACKETS, random)
    for (const backend of BACKENDS) await trial.run(backend, sums[backend])
  }
  for (const backend of BACKENDS) {
    const sum = sums[backend]
    t.equal(sum.shown.join('\n'), '', `${backend}: seed ${seed}, ${sum.packets} packets, ${sum.accepted} accepted`)
    t.equal(differing(sum), 0)
    t.ok(sum.accepted > sum.packets / 20, 'a fair part is accepted')
  }
})

t.test('and what is caught goes where it says', { skip, timeout: 60_000 }, async (t) => {
  const random = seeded(seed + 2)
  const sums = { nft: tally(), iptables: tally() }
  for (let count = 0; count < FEWEST; ) {
    const { material } = drawnPolicy(random)
    if (material.ruleset.catches === undefined) continue
    const trial = new Trial(field, material, PACKETS, random)
    for (const backend of BACKENDS) await trial.run(backend, sums[backend])
    count += 1
  }
  for (const backend of BACKENDS) {
    t.equal(sums[backend].shown.join('\n'), '', `${backend}: seed ${seed + 2}, ${sums[backend].caught} of ${sums[backend].packets} packets caught`)
    t.ok(sums[backend].caught > FEWEST)
  }
})

for (const fault of ['ports', 'macs', 'disabled'] satisfies Fault[]) {
  t.test(`a fault of the compiler is caught: ${fault}`, { skip, timeout: 60_000 }, async (t) => {
    const random = seeded(seed + 1)
    const sums = { nft: tally(), iptables: tally() }
    for (let count = 0; count < MOST && BACKENDS.some((backend) => differing(sums[backend]) === 0); ) {
      const drawn = drawnPolicy(random)
      const bad = faulty(drawn, fault)
      if (bad === undefined) continue
      const trial = new Trial(field, drawn.material, PACKETS, random, bad)
      for (const backend of BACKENDS) await trial.run(backend, sums[backend])
      count += 1
    }
    for (const backend of BACKENDS) {
      t.ok(differing(sums[backend]) > 0, `${backend}: seed ${seed}`)
      const { found } = sums[backend]
      t.equal(found.unseen + found.policy, 0, 'and it is the fault that is seen')
    }
  })
}
