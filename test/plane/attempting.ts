// Drills in a lab for the tests: a policy's text to judge by, another's rules to be tried, and what came of it by its titles.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { drillIp } from '../../src/plane/drill/attempts.ts'
import { drillClients } from '../../src/plane/drill/client.ts'
import { STRANGER6, drillInLab } from '../../src/plane/drill/drill.ts'
import { labPlan } from '../../src/plane/drill/lab.ts'
import type { Scored } from '../../src/plane/drill/score.ts'
import type { OwnRules } from '../../src/plane/own-rules.ts'
import { printed } from '../firewall/cases.ts'
import { unable } from '../firewall/root.ts'

export const MAIN = resolve('src/main.ts')
const OFFICE = 'policies/office.yaml'
export const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump', 'ping', 'nsenter', 'tc'])

function compiledFor(text: string): CompiledPolicy {
  const { policy } = parsePolicy(text, 'policy.yaml')
  if (policy === undefined) throw new Error('no policy')
  const addresses = [drillIp('127.0.0.1'), drillIp('::1'), ...labPlan(policy.gateway).own]
  return compilePolicy(policy, { lists: new Map(), blocks: new Map(), machine: { addresses, proxyPort: policy.gateway.proxy.port } })
}

export async function drill(text: string, rules: OwnRules, who = 1): Promise<readonly Scored[]> {
  const compiled = compiledFor(text)
  const { scored } = await drillInLab({
    compiled, rules, now: Date.now(), self: [process.execPath, MAIN], file: resolve(OFFICE), clients: drillClients(compiled, STRANGER6).slice(0, who),
  })
  return scored
}

export function rulesOf(text: string, backend: 'nft' | 'iptables'): OwnRules {
  const texts = printed(text)
  return backend === 'nft' ? { nft: texts.get('nft') ?? '' } : { iptables: texts.get('iptables') ?? '', ip6tables: texts.get('ip6tables') ?? '' }
}

export const POLICY = readFileSync(OFFICE, 'utf8')

export function told(scored: readonly Scored[], outcome: Scored['outcome']): readonly string[] {
  return scored.filter((each) => each.outcome === outcome).map(({ title, what }) => `${title}: ${what.replace(/ to .*/, '')}`)
}
