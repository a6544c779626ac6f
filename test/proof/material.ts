// What tests of the proof need of a policy: the judgement, the ruleset, its texts read back, and the world; of a golden case, or of a text.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { compileRuleset } from '../../src/firewall/compile.ts'
import type { RulesetFacts } from '../../src/firewall/facts.ts'
import type { Format } from '../../src/firewall/head.ts'
import { renderRuleset } from '../../src/firewall/render.ts'
import type { Ruleset } from '../../src/firewall/ruleset.ts'
import { noteText } from '../../src/firewall/unsaid.ts'
import type { OpenList } from '../../src/lists/list.ts'
import { readBlocks } from '../../src/lists/blocks.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseIp } from '../../src/net/ip.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { readCase } from '../firewall/cases.ts'

export interface Material {
  readonly policy: Policy
  readonly compiled: CompiledPolicy
  readonly facts: RulesetFacts
  readonly ruleset: Ruleset
}

export function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

function compiledOf(policy: Policy, facts: RulesetFacts): CompiledPolicy {
  return compilePolicy(policy, { lists: new Map<string, OpenList>(), blocks: facts.blocks, machine: { addresses: facts.ownAddresses, proxyPort: facts.proxyPort } })
}

/** `blocks`: the text of each block file, by its block's name. */
export function materialOf(text: string, more: Partial<RulesetFacts> = {}, blocks: Readonly<Record<string, string>> = {}): Material {
  const { policy, diagnostics } = parsePolicy(text, 'policy.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const facts: RulesetFacts = {
    now: Date.UTC(2026, 10, 20, 12), generation: 7, proxyPort: policy.gateway.proxy.port, resolvers: [], ownAddresses: [], ownMacs: [],
    blocks: new Map(policy.blocks.map(({ name }) => [name, readBlocks(blocks[name] ?? '').entries])), ...more,
  }
  const made = compileRuleset(policy, facts)
  if (!made.ok) throw new Error(noteText(made.problem))
  return { policy, facts, ruleset: made.ruleset, compiled: compiledOf(policy, facts) }
}

export function materialOfCase(name: string): Material {
  const { policy, facts, ruleset } = readCase(name)
  return { policy, facts, ruleset, compiled: compiledOf(policy, facts) }
}

export function rendered({ policy, ruleset }: Material, format: Format): string {
  return renderRuleset(policy, ruleset, format, { hash: '0123456789abcdef', time: 'then' })
}

export function caseText(name: string, file: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'firewall', 'cases', name, file), 'utf8')
}
