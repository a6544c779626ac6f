// A policy on its way to the workers: its rules in parcels that all of them share, each opened by itself. Danger prevented: one message with
// ten thousand rules, for which a worker does nothing else until the last of them is read.
import { deserialize, serialize } from 'node:v8'
import type { Steps } from '../decision/steps.ts'
import type { PacketRule, Policy, WebRule } from '../policy/policy.ts'
import type { PolicySource } from './load.ts'

export interface PackedSource extends Omit<PolicySource, 'policy'> {
  /** without its rules, and without its tests, which have been run */
  readonly policy: Policy
  readonly rules: readonly SharedArrayBuffer[]
  readonly webRules: readonly SharedArrayBuffer[]
}

/** Rules a parcel: some tenths of a millisecond. */
const PARCEL = 64

export function packSource(source: PolicySource): PackedSource {
  const { policy } = source
  const { web } = policy
  return { ...source, policy: { ...policy, rules: [], web: { ...web, rules: [] }, tests: [] }, rules: parcels(policy.rules), webRules: parcels(web.rules) }
}

export function* unpackSource(packed: PackedSource): Steps<PolicySource> {
  const { policy, lists, blocks, hash } = packed
  const rules = yield* opened<PacketRule>(packed.rules)
  const webRules = yield* opened<WebRule>(packed.webRules)
  return { policy: { ...policy, rules, web: { ...policy.web, rules: webRules } }, lists, blocks, hash }
}

function parcels(rules: readonly unknown[]): readonly SharedArrayBuffer[] {
  const out: SharedArrayBuffer[] = []
  for (let at = 0; at < rules.length; at += PARCEL) {
    const bytes = serialize(rules.slice(at, at + PARCEL))
    const parcel = new SharedArrayBuffer(bytes.length)
    new Uint8Array(parcel).set(bytes)
    out.push(parcel)
  }
  return out
}

function* opened<T>(parcels: readonly SharedArrayBuffer[]): Steps<T[]> {
  const rules: T[] = []
  for (const parcel of parcels) {
    // what `parcels` put in
    for (const rule of deserialize(Buffer.from(parcel)) as T[]) rules.push(rule)
    yield
  }
  return rules
}
