// What is caught must be routed to this machine, although its address is another's: one rule and one route a family, beside the packet filter.
// Danger prevented: a text that catches packets and a kernel that sends them on all the same.
import type { Family } from '../net/ip.ts'
import type { Ruleset } from './ruleset.ts'

/** `GG`, in the low half of a packet's own mark, and as the number of the routing table. */
export const CATCH_MARK = 0x4747
export const CATCH_MASK = 0xffff
const TABLE = '4747'
const MARK = `0x${CATCH_MARK.toString(16)}/0x${CATCH_MASK.toString(16)}`

function ip(family: Family): string {
  return family === 4 ? 'ip' : 'ip -6'
}

/** For a person, who does it once. */
export function routeCommands({ catches }: Ruleset): readonly string[] {
  return (catches ?? []).flatMap((family) => [`${ip(family)} rule add fwmark ${MARK} lookup ${TABLE}`, `${ip(family)} route replace local default dev lo table ${TABLE}`])
}

export const ROUTE_RECOVERY = `for i in -4 -6; do while ip $i rule del fwmark ${MARK} lookup ${TABLE} 2>/dev/null; do :; done; ip $i route flush table ${TABLE} 2>/dev/null; done`

/** Of the script: there when it catches, and gone when it does not; it leaves `failed`. */
export function routeLines({ catches }: Ruleset): string {
  const clear = `command -v ip >/dev/null 2>&1 && { ${ROUTE_RECOVERY}; }\n`
  return `${clear}${(catches ?? []).flatMap((family) => [
    `${ip(family)} rule add fwmark ${MARK} lookup ${TABLE} || { say 'no rule for what is caught'; failed=1; }`,
    `${ip(family)} route replace local default dev lo table ${TABLE} || { say 'no route for what is caught'; failed=1; }`,
  ]).join('\n')}${catches === undefined ? '' : '\n'}`
}
