// Whose rules are whose: for a client the bits of the web rules whose `from` holds it. Rules of one group are asked once. Danger prevented: a
// new client that waits while each rule of a long policy looks at its address.
import type { ClientSet } from './client-set.ts'
import { holdsClient, namesMacs } from './client-set.ts'
import type { Client } from './facts.ts'
import { ruleBits, setBit } from './host-index.ts'
import type { RuleBits } from './host-index.ts'
import { RangeIndex } from './range-index.ts'
import type { Steps } from './steps.ts'
import { Standing } from './standing.ts'
import type { ReadyWebRule } from './web-rule.ts'

/** Clients that the same rules hold by their `from`. */
export interface Audience {
  readonly bits: RuleBits
  readonly standing: Standing
}

const MOST_AUDIENCES = 1024

interface From {
  readonly owner: number
  readonly clients: ClientSet
  readonly rules: number[]
}

export class FromIndex {
  /** rules of every client */
  readonly #all: RuleBits
  readonly #froms: readonly From[]
  readonly #byAddress: RangeIndex
  readonly #byMac: readonly From[]
  readonly #audiences = new Map<string, Audience>()

  constructor(all: RuleBits, froms: readonly From[]) {
    this.#all = all
    this.#froms = froms
    this.#byAddress = new RangeIndex(froms.map(({ clients }) => clients.networks.ranges))
    this.#byMac = froms.filter(({ clients }) => namesMacs(clients))
  }

  rulesOf(client: Client): Audience {
    const owners = new Set<number>()
    this.#byAddress.each(client.address, (owner) => owners.add(owner))
    if (client.mac !== undefined) this.#byMac.forEach(({ owner, clients }) => { if (holdsClient(clients, client)) owners.add(owner) })
    const sorted = [...owners].sort((a, b) => a - b)
    const key = sorted.join()
    const known = this.#audiences.get(key)
    if (known !== undefined) return known
    const bits = this.#all.slice()
    for (const owner of sorted) for (const rule of this.#froms[owner]?.rules ?? []) setBit(bits, rule)
    const made = { bits, standing: new Standing(bits) }
    if (this.#audiences.size >= MOST_AUDIENCES) this.#audiences.clear()
    this.#audiences.set(key, made)
    return made
  }
}

/** A rule that is not enabled is nobody's. */
export function* fromIndex(rules: readonly ReadyWebRule[]): Steps<FromIndex> {
  const all = ruleBits(rules.length)
  // rules of the same groups have the same set (client-set.ts)
  const froms = new Map<ClientSet, From>()
  for (const { clients, rule, index } of rules) {
    yield
    if (!rule.enabled) continue
    if (clients === undefined || clients.any) {
      setBit(all, index)
      continue
    }
    const known = froms.get(clients)
    if (known === undefined) froms.set(clients, { owner: froms.size, clients, rules: [index] })
    else known.rules.push(index)
  }
  return new FromIndex(all, [...froms.values()])
}
