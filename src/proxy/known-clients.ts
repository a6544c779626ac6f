// Clients as values: the same address (with the same MAC) is the same object from connection to connection, so that what a policy means for it is
// found by the object and not worked out again. Danger prevented: a cache of that which grows with every connection.
import type { Client } from '../decision/facts.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'

const MOST = 4096
const known = new Map<string, Client>()

export function clientOf(address: Ip, mac: Mac | undefined): Client {
  const before = known.get(address.text)
  if (before !== undefined && before.mac === mac) return before
  if (known.size >= MOST) known.clear()
  const client = { address, mac }
  known.set(address.text, client)
  return client
}
