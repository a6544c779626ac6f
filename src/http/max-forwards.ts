// Max-Forwards (RFC 9110 7.6.2): counts the hops of TRACE and OPTIONS. At zero the request is answered here; for every other method the field
// is carried as any other.
import { parseCount } from './list.ts'

/** undefined: not to be regarded; -1: invalid; else how often the request may still be forwarded */
export function forwardsLeft(method: string, value: string | undefined): number | undefined {
  if (value === undefined || (method !== 'TRACE' && method !== 'OPTIONS')) return undefined
  return parseCount(value) ?? -1
}
