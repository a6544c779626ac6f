// Several lists brought up to date, one after the other, under one policy's guard. Danger prevented: a list whose own entries say what may be fetched.
import type { Machine } from '../decision/machine.ts'
import { listTables } from '../lists/list.ts'
import { Resolver } from '../proxy/resolve.ts'
import { updateList } from './list-update.ts'
import type { ListEnd } from './list-update.ts'
import { compileSource } from './load.ts'
import type { PolicySource } from './load.ts'

/** The guard is asked without the lists themselves: no list opens a private address. */
export async function updateLists(source: PolicySource, machine: Machine, names: readonly string[]): Promise<readonly ListEnd[]> {
  const { policy } = source
  const compiled = compileSource({ ...source, lists: policy.lists.map(({ name }) => listTables(name, [])) }, machine)
  const resolver = new Resolver({ servers: policy.gateway.resolvers, timeoutMs: policy.limits.dnsMs })
  try {
    const ends: ListEnd[] = []
    for (const list of policy.lists) if (names.includes(list.name)) ends.push(await updateList(list, { compiled, resolver }))
    return ends
  } finally {
    resolver.close()
  }
}
