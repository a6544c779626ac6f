// Policy and facts → ruleset: the one entrance. Pure; the same input gives the same text. Danger prevented: a generation that stays
// while the rules change, so that flows of a former policy pass under the new one.
import { createHash } from 'node:crypto'
import type { Policy } from '../policy/policy.ts'
import { compileClient } from './client.ts'
import type { RulesetFacts } from './facts.ts'
import { compileGateway, specialRanges } from './gateway.ts'
import type { Compiled } from './gateway.ts'
import type { Chain, Note, Ruleset } from './ruleset.ts'
import { inactiveRules, standingRules } from './rules.ts'
import { MOST_CLASSES, shapingNotes, shapingOf } from './shaping.ts'
import { timeNotes } from './standing.ts'
import { unsaidNotes } from './unsaid.ts'

export type RulesetResult = { readonly ok: true; readonly ruleset: Ruleset } | { readonly ok: false; readonly problem: Note }

/** Chains that a hook reaches; the others would only be noise. */
function reached(chains: readonly Chain[]): readonly Chain[] {
  const byName = new Map(chains.map((chain) => [chain.name, chain]))
  const found = new Set<Chain>()
  const walk = (chain: Chain | undefined): void => {
    if (chain === undefined || found.has(chain)) return
    found.add(chain)
    for (const { verdict } of chain.lines) if (verdict.kind === 'jump' || verdict.kind === 'goto') walk(byName.get(verdict.chain))
  }
  for (const chain of chains) if (chain.hook !== undefined) walk(chain)
  return chains.filter((chain) => found.has(chain))
}

/** Of what the rules do, whatever generation they mark: another meaning, another text. */
function meaningOf(chains: readonly Chain[]): string {
  const text = JSON.stringify(chains, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value))
  return createHash('sha256').update(text).digest('hex')
}

/** 1..254 from what the rules mean: another meaning, another generation (but for one chance in 254). */
function generationOf(meaning: string): number {
  return 1 + (Number.parseInt(meaning.slice(0, 8), 16) % 254)
}

/** `+` and `*` at the end are wild cards to the back ends; quotes and signs are worse. */
const PLAIN_INTERFACE = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/

function strangeInterface(policy: Policy): Note | undefined {
  const name = [...policy.gateway.green, ...policy.gateway.red].map((side) => side.interface).find((each) => !PLAIN_INTERFACE.test(each) || each === 'lo')
  if (name === undefined) return undefined
  return { code: 'firewall-interface', message: `\`${name}\` is no interface that rules can name`, hint: 'letters, digits, `.`, `_`, `@` and `-`: one entry an interface, no wild cards' }
}

/** A single machine's rules know no interface, so that nothing is slowed by them. */
function compileSingle(policy: Policy, facts: RulesetFacts, generation: number): Compiled {
  return compileClient({ ...policy, rules: policy.rules.map(({ limit: _limit, ...rule }) => rule) }, facts, generation)
}

export function compileRuleset(policy: Policy, facts: RulesetFacts): RulesetResult {
  const { client } = facts
  if (client === undefined && policy.gateway.green.length === 0) {
    return {
      ok: false,
      problem: {
        code: 'firewall-green',
        message: `\`${policy.file}\` gives no \`gateway.green\`: the rules of a gateway need the interface that its clients are on`,
        hint: 'add `gateway: { green: { interface: eth0, address: 192.0.2.254/24 } }`, or print the rules of a single machine: `--mode client --proxy ADDR:PORT`',
      },
    }
  }
  const strange = strangeInterface(policy)
  if (strange !== undefined) return { ok: false, problem: strange }
  const standing = standingRules(policy, facts.now)
  const crowded = policy.rules.filter((rule) => rule.limit !== undefined)[MOST_CLASSES]
  if (crowded !== undefined) return { ok: false, problem: { code: 'firewall-limit', place: crowded.place, message: `rule \`${crowded.id}\` is the ${MOST_CLASSES + 1}th that limits, and the kernel's marks tell ${MOST_CLASSES} apart`, hint: 'let one rule speak of several clients or services' } }
  const compile = client === undefined ? compileGateway : compileSingle
  const meaning = meaningOf(reached(compile(policy, facts, 1).chains))
  const generation = facts.generation ?? generationOf(meaning)
  const { chains, notes } = compile(policy, facts, generation)
  const users: readonly Note[] = client === undefined && facts.proxyUid === 'unknown'
    ? [{
        code: 'firewall-user',
        message: `this machine has no user \`${policy.gateway.proxy.user ?? ''}\` (\`gateway.proxy.user\`): nobody may open web connections from the gateway`,
        hint: 'make the user, then print the rules anew',
      }]
    : []
  const shaping = client === undefined ? shapingOf(policy, standing) : undefined
  return {
    ok: true,
    ruleset: {
      mode: client === undefined ? 'gateway' : 'client',
      observe: policy.mode === 'observe',
      generation,
      meaning,
      chains: reached(chains),
      ...(shaping === undefined ? {} : { shaping }),
      ...(client === undefined && policy.gateway.proxy.transparent === true ? { catches: [...new Set(policy.gateway.green.map((green) => green.family))].sort() } : {}),
      ipset: facts.ipset === true,
      special: specialRanges(policy.gateway),
      inactive: inactiveRules(policy, facts.now),
      notes: [...users, ...notes, ...shapingNotes(policy, standing, client !== undefined), ...timeNotes(policy, facts.now), ...unsaidNotes(policy)],
    },
  }
}
