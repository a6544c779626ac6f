// Which named group a client belongs to, for records and reports: the most specific one that holds it. Danger prevented: a report
// that books a director under "everybody".
import type { Range } from '../net/network.ts'
import type { AddressSet, Policy } from '../policy/policy.ts'
import { clientSet, holdsClient } from './client-set.ts'
import type { ClientSet } from './client-set.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Client } from './facts.ts'
import type { KnownAddresses } from './known.ts'

export interface Group {
  readonly name: string
  readonly clients: ClientSet
  /** how many addresses it holds in all */
  readonly size: bigint
}

function width(range: Range): bigint {
  return range.last - range.first + 1n
}

export function compileGroups(policy: Policy, known: KnownAddresses): readonly Group[] {
  const isGroup = ([, set]: readonly [string, AddressSet]): boolean => set.hosts.length === 0
  return [...policy.addresses].filter(isGroup).map(([name, set]) => {
    const clients = clientSet(set, known)
    const size = clients.networks.ranges.reduce((sum, range) => sum + width(range), BigInt(clients.macs.size + clients.pins.length))
    return { name, clients, size }
  })
}

/** The narrowest entry of the group that holds the client; a MAC is one machine. */
function narrowest(group: Group, client: Client): bigint | undefined {
  if (!holdsClient(group.clients, client)) return undefined
  if (client.mac !== undefined && (group.clients.macs.has(client.mac) || group.clients.pins.some((pin) => client.mac !== undefined && pin.macs.has(client.mac)))) return 1n
  const { family, value } = client.address
  const range = group.clients.networks.ranges.find((each) => each.family === family && value >= each.first && value <= each.last)
  return range === undefined ? undefined : width(range)
}

export function groupOf(compiled: CompiledPolicy, client: Client): string | undefined {
  const { answers } = compiled
  const known = answers.get(client)
  if (known !== undefined || answers.has(client)) return known
  let best: { readonly group: Group; readonly narrow: bigint } | undefined
  for (const group of compiled.groups) {
    const narrow = narrowest(group, client)
    if (narrow === undefined) continue
    if (best === undefined || narrow < best.narrow || (narrow === best.narrow && group.size < best.group.size)) best = { group, narrow }
  }
  const name = best?.group.name
  answers.set(client, name)
  return name
}
