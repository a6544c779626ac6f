// The name under which this gateway stands in Via (RFC 9110 7.6.3): the same in every worker, another on every machine, and no host name that
// strangers could read. Danger prevented: a request that goes round in circles, and one refused because another gateway has the same name.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

export const PSEUDONYM = `greengate-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}`
