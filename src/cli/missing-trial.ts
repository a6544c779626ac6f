// A proposed rule tried before it is shown: pasted into the policy's text, parsed, compiled, the policy's own tests run, and each drop judged anew.
// Danger prevented: a proposal that fails `check` when it is pasted, or that does not let pass what it was made for.
import { readFileSync } from 'node:fs'
import type { CompiledPolicy } from '../decision/compile.ts'
import { decidePacket } from '../decision/packet.ts'
import { runPolicyTests } from '../decision/test.ts'
import { compileSource } from '../gateway/load.ts'
import type { PolicySource } from '../gateway/load.ts'
import { withRules } from '../policy/add-rule.ts'
import type { Place } from '../policy/diagnostic.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { Mac } from '../net/mac.ts'
import type { Proposal } from '../report/missing.ts'

export type Trial = { readonly ok: true } | { readonly ok: false; readonly problem: string; readonly place?: Place }

export class Trials {
  readonly #source: PolicySource
  readonly #compiled: CompiledPolicy
  readonly #text: string
  readonly #macOf: (address: string) => Mac | undefined

  constructor(file: string, source: PolicySource, compiled: CompiledPolicy, macOf: (address: string) => Mac | undefined) {
    this.#source = source
    this.#compiled = compiled
    this.#text = readFileSync(file, 'utf8')
    this.#macOf = macOf
  }

  try(proposal: Proposal, now: number): Trial {
    const { file } = this.#source.policy
    const text = withRules(this.#text, proposal.yaml)
    const parsed = text === undefined ? undefined : parsePolicy(text, file)
    if (parsed?.policy === undefined) return { ok: false, problem: parsed?.diagnostics[0]?.message ?? 'the policy\'s `rules` take no further rule' }
    const compiled = compileSource({ ...this.#source, policy: parsed.policy }, this.#compiled.machine)
    const failed = runPolicyTests(compiled)[0]
    if (failed !== undefined) {
      // the pasted text has other lines: the place is looked up by the test's number
      const index = parsed.policy.tests.findIndex(({ place }) => place.line === failed.place.line && place.column === failed.place.column)
      const place = this.#source.policy.tests[index]?.place
      return { ok: false, problem: 'a test of the policy wants it denied', ...(place === undefined ? {} : { place }) }
    }
    for (const { entry, own } of proposal.entries) {
      const { protocol, port, target: to, source: address } = entry
      if (protocol === undefined) continue
      const { verdict, cause } = decidePacket(compiled, { from: own ? 'gateway' : { address, mac: this.#macOf(address.text) }, to, protocol, port, now })
      if (verdict !== 'allow') return { ok: false, problem: `it would still be denied, by ${cause.by}` }
    }
    return { ok: true }
  }
}
