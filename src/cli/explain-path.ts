// The way of an explained packet through the chains that are printed from the same policy. Danger prevented: an explanation that ends at the
// policy, when what stopped the packet is a line of the packet filter.
import type { CompiledPolicy } from '../decision/compile.ts'
import { explain } from '../decision/explain.ts'
import type { ExplainQuestion } from '../decision/explain.ts'
import { compileRuleset } from '../firewall/compile.ts'
import { firewallFacts } from '../gateway/firewall-facts.ts'
import type { PolicySource } from '../gateway/load.ts'
import { modelOfRuleset } from '../proof/from-ruleset.ts'
import { packetOf } from '../proof/question.ts'
import { simulate } from '../proof/simulate.ts'
import type { Simulation } from '../proof/simulate.ts'
import { worldOf } from '../proof/world.ts'

/** Of the packet that is explained where a service is several; undefined: a web question, or a policy that makes no gateway's rules. */
export function explainedPath(compiled: CompiledPolicy, source: PolicySource, question: ExplainQuestion): Simulation | undefined {
  const { client, now, ask } = question
  if (ask.kind !== 'packet') return undefined
  const { policy, machine } = compiled
  const facts = firewallFacts(source, machine, { now, port: machine.proxyPort })
  const made = compileRuleset(policy, facts)
  if (!made.ok) return undefined
  const denied = ask.packets.find((packet) => explain(compiled, { ...question, ask: { kind: 'packet', packets: [packet] } }).verdict === 'deny')
  const told = denied ?? ask.packets[0]
  if (told === undefined || told.to.family !== client.address.family) return undefined
  const packet = packetOf(worldOf(policy, machine.addresses), { from: client.address, ask: told, ...(client.mac === undefined ? {} : { mac: client.mac }) })
  return simulate(modelOfRuleset(made.ruleset), policy, facts, packet)
}
