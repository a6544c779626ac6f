// Keeps the confirmed policy at its hours: at each edge of a schedule, and when a rule expires, its rules are compiled and loaded anew, under a new
// generation, so that running flows end with the lesson too. Danger prevented: a window that opens or closes for what begins, and for nothing that runs.
import { compileRuleset } from '../firewall/compile.ts'
import { renderTables } from '../firewall/iptables.ts'
import { renderNftTable } from '../firewall/nft.ts'
import { noteText } from '../firewall/unsaid.ts'
import { parseIp } from '../net/ip.ts'
import { clientJudge, gatewayJudge } from '../plane/flow-judge.ts'
import { chooseGeneration } from '../plane/generations.ts'
import type { Hand, Look } from '../plane/hand.ts'
import type { Kept, RulesMeta } from '../plane/records.ts'
import type { SweepFacts } from '../plane/sweep.ts'
import { firewallFacts } from './firewall-facts.ts'
import { loadPolicy } from './load.ts'
import type { Loaded } from './load.ts'
import { machineNow } from './machine.ts'

export type Turn =
  /** nothing to do: why, for who wants to know */
  | { readonly kind: 'idle'; readonly why: string; readonly settled: boolean }
  | { readonly kind: 'loaded'; readonly meta: RulesMeta; readonly facts: SweepFacts }
  | { readonly kind: 'failed'; readonly problem: string; readonly settled?: false }

/** After what did not succeed. */
const AGAIN_MS = 15_000

type Good = Extract<Loaded, { ok: true }>

export class Keeper {
  readonly #hand: Hand
  #stamp = ''
  #seen = 0
  #edge: number | undefined
  #loaded: { readonly meta: RulesMeta; readonly good: Good } | undefined

  constructor(hand: Hand) {
    this.#hand = hand
  }

  /** The next instant at which it has something to do, as far as it knows. */
  get edge(): number | undefined {
    return this.#edge
  }

  /** undefined: nothing has changed since it was asked last. The clock on the wall may jump, both ways. */
  async tick(now: number): Promise<Turn | undefined> {
    const stamp = await this.#hand.stamp()
    const due = stamp !== this.#stamp || (this.#edge !== undefined && now >= this.#edge) || now < this.#seen
    this.#seen = now
    if (!due) return undefined
    this.#edge = undefined
    const done = await this.#keep(now)
    // what we wrote ourselves is no news
    this.#stamp = await this.#hand.stamp()
    // what somebody else mends does not tell us
    if (done.kind !== 'loaded' && !done.settled) this.#edge = Math.min(this.#edge ?? Infinity, now + AGAIN_MS)
    return done
  }

  async #keep(now: number): Promise<Turn> {
    const look = await this.#hand.look()
    if (look.good === undefined) return { kind: 'idle', why: 'nothing was confirmed yet', settled: true }
    if (look.waiting) return { kind: 'idle', why: 'an apply waits for its confirmation', settled: true }
    if (!look.same) return { kind: 'idle', why: 'the kernel has other rules than the confirmed policy\'s: they are left as they are', settled: false }
    const good = await this.#policyOf(look.good)
    if (good === undefined) return { kind: 'failed', problem: `the confirmed policy of ${look.good.file} does not load any more: a file that it names is missing, or a test fails` }
    this.#edge = good.compiled.nextEdge(now)
    return this.#load(look, look.good, good, now)
  }

  async #policyOf(meta: RulesMeta): Promise<Good | undefined> {
    if (this.#loaded?.meta.text === meta.text && this.#loaded.meta.file === meta.file) return this.#loaded.good
    const good = await loadPolicy(meta.file, machineNow(meta.port), { text: meta.text })
    if (!good.ok) return undefined
    this.#loaded = { meta, good }
    return good
  }

  async #load(look: Look, meta: RulesMeta, { source, compiled, hash }: Good, now: number): Promise<Turn> {
    const address = meta.client === undefined ? undefined : parseIp(meta.client.address)
    const facts = {
      ...firewallFacts(source, machineNow(meta.port), {
        now, port: meta.port,
        ...(meta.client === undefined || address === undefined ? {} : { client: { proxy: { address, port: meta.client.port }, ...(meta.client.uid === undefined ? {} : { uid: meta.client.uid }) } }),
      }),
      ...(meta.backend === 'iptables' && look.ledger ? { ipset: true as const } : {}),
    }
    const first = compileRuleset(source.policy, facts)
    if (!first.ok) return { kind: 'failed', problem: noteText(first.problem, 'error') }
    if (first.ruleset.meaning === look.meaning) return { kind: 'idle', why: 'what is in force holds now', settled: true }
    const flows = look.borne.map((generation) => ({ mark: generation * 2 ** 24 }))
    const { generation, known } = chooseGeneration(first.ruleset.meaning, first.ruleset.generation, look.known, flows, [meta.generation])
    const made = compileRuleset(source.policy, { ...facts, generation })
    if (!made.ok) return { kind: 'failed', problem: noteText(made.problem, 'error') }
    const { ruleset } = made
    const wanted: Kept = {
      version: 1,
      rules: meta.backend === 'nft' ? { nft: renderNftTable(ruleset) } : { ip6tables: renderTables(ruleset, 6), iptables: renderTables(ruleset, 4) },
      meta: { ...meta, hash, generation, meaning: ruleset.meaning, time: new Date(now).toISOString() },
    }
    const problem = await this.#hand.load(wanted, known)
    if (problem !== undefined) return { kind: 'failed', problem }
    const { proxyUid } = facts
    const judge = meta.mode === 'client' ? clientJudge(ruleset, source.policy, facts.ownAddresses, now) : gatewayJudge(compiled, now, typeof proxyUid === 'number' ? proxyUid : undefined)
    return { kind: 'loaded', meta: { ...meta, generation }, facts: { generation, judge } }
  }
}
