// The whole proof of one policy put together: its judgement, its ruleset, each text, the proxy; the space that all their constants cut. Danger
// prevented: a judge that was asked but whose constants were not.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { RulesetFacts } from '../firewall/facts.ts'
import type { Ruleset } from '../firewall/ruleset.ts'
import { Cuts, addPolicy } from './cuts.ts'
import { folded } from './fold.ts'
import { readIptables } from './from-iptables.ts'
import type { Foreign } from './from-iptables.ts'
import { readNft } from './from-nft.ts'
import { modelOfRuleset } from './from-ruleset.ts'
import { modelJudge } from './judges.ts'
import type { Judge } from './judges.ts'
import type { Model } from './model.ts'
import { PolicyJudge } from './policy-judge.ts'
import { Prover } from './prove.ts'
import type { Check, Proof, ProofOptions } from './prove.ts'
import { proxyChecks } from './proxy-check.ts'
import { Space } from './space.ts'
import { worldOf } from './world.ts'

export interface ProofTexts {
  readonly nft?: string
  readonly iptables?: string
  readonly ip6tables?: string
  /** listed by the kernel, where other people's rules may stand too */
  readonly live: boolean
}

export interface ProofMaterial {
  readonly compiled: CompiledPolicy
  readonly facts: RulesetFacts
  readonly ruleset: Ruleset
}

export interface WholeProof extends Proof {
  readonly judges: readonly string[]
  /** classes of each dimension, both families together */
  readonly classes: Readonly<Record<'ways' | 'sources' | 'destinations' | 'services' | 'macs', number>>
  readonly foreign: readonly Foreign[]
}

interface TextJudge {
  readonly judge: Judge
  readonly model: Model
  readonly foreign?: Foreign
}

function textJudges({ nft, iptables, ip6tables, live }: ProofTexts): readonly TextJudge[] {
  const found: TextJudge[] = []
  for (const [name, text, family] of [['iptables', iptables, 4], ['ip6tables', ip6tables, 6]] as const) {
    if (text === undefined) continue
    const read = readIptables(text, family, live)
    const model = folded(read.model)
    found.push({ judge: modelJudge(live ? `kernel (${name})` : name, model, family), model, foreign: read.foreign })
  }
  if (nft !== undefined) {
    const model = readNft(nft)
    found.push({ judge: modelJudge(live ? 'kernel (nft)' : 'nft', model), model })
  }
  return found
}

/** Rules that nobody loads anew when they should be are closed where the policy is open by then, and never open where it is closed. */
function lateCheck(reference: Judge, policy: PolicyJudge): Check {
  return (packet) => {
    const then = policy.late(packet)
    const told = then === undefined || then.verdict === 'accept' ? undefined : reference.judge(packet)
    return then === undefined || told?.verdict !== 'accept' ? undefined : [{ name: 'ruleset, late', told }, { name: 'policy, then', told: then }]
  }
}

/** Throws UnreadText where a text says what no reader knows. */
export function proveWhole({ compiled, facts, ruleset }: ProofMaterial, texts: ProofTexts, options: ProofOptions): WholeProof {
  const world = worldOf(compiled.policy, facts.client === undefined ? compiled.machine.addresses : facts.ownAddresses)
  const model = modelOfRuleset(ruleset)
  const reference = modelJudge('ruleset', model)
  const read = textJudges(texts)
  const cuts = new Cuts()
  for (const each of [model, ...read.map((judged) => judged.model)]) cuts.model(each)
  addPolicy(cuts, compiled, world, facts.resolvers)
  const space = new Space(cuts, world, Math.floor(facts.now / 1000))
  const judges = read.map(({ judge }) => judge)
  // the policy's own judgement, and the proxy's, are a gateway's
  let proxied = 0
  const policy = facts.client === undefined ? new PolicyJudge(compiled, facts, world, ruleset.generation) : undefined
  const checks = policy === undefined ? [] : [lateCheck(reference, policy), ...proxyChecks(compiled, facts, world, reference, policy, () => proxied++)]
  const proof = new Prover(space, reference, policy === undefined ? judges : [policy, ...judges], checks, options).run()
  const asked = new Map(proof.asked)
  if (policy !== undefined) asked.set('proxy', proxied)
  const both = (of: Readonly<Record<4 | 6, readonly unknown[]>>): number => of[4].length + of[6].length
  return {
    ...proof,
    asked,
    judges: [...(policy === undefined ? [] : [policy.name]), reference.name, ...judges.map(({ name }) => name), ...(policy === undefined ? [] : ['proxy'])],
    classes: { ways: space.ways.length, sources: both(space.sources), destinations: both(space.destinations), services: both(space.services), macs: space.macs.length },
    foreign: read.flatMap(({ foreign }) => foreign ?? []),
  }
}
