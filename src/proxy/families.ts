// Whether this machine has an IPv6 address that reaches beyond its link: RFC 8305 prefers IPv6 then, and a machine without need not try first
// what has no route.
import { networkInterfaces } from 'node:os'

const FRESH_MS = 30_000
let asked = -Infinity
let answer = false

export function machineHasIpv6(): boolean {
  const now = performance.now()
  if (now - asked < FRESH_MS) return answer
  asked = now
  answer = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address)))
  return answer
}
