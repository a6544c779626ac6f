// What is caught must be routed to this machine, although its address is another's: one rule and one route a family, beside the packet filter.
// Danger prevented: a text that catches packets and a kernel that sends them on all the same.
import type { Family } from '../net/ip.ts'
import { BOTH } from './ruleset.ts'
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
export function routeCommands({ catches }: Pick<Ruleset, 'catches'>): readonly string[] {
  return (catches ?? []).flatMap((family) => [`${ip(family)} rule add fwmark ${MARK} lookup ${TABLE}`, `${ip(family)} route replace local default dev lo table ${TABLE}`])
}

function away(families: readonly Family[]): string {
  return `for i in ${families.map((family) => `-${family}`).join(' ')}; do while ip $i rule del fwmark ${MARK} lookup ${TABLE} 2>/dev/null; do :; done; ip $i route flush table ${TABLE} 2>/dev/null; done`
}

export const ROUTE_RECOVERY = away(BOTH)

function ruleCheck(family: Family): string {
  return `${ip(family)} rule show | grep -q 'fwmark ${MARK} lookup ${TABLE}'`
}

/** Whether both are there. */
export function routeCheck(family: Family): string {
  return `{ ${ruleCheck(family)} && ${ip(family)} route show table ${TABLE} 2>/dev/null | grep -q '^local default dev lo'; }`
}

/**
 * Of the script, and beside rules: there where it catches, and gone where it does not; it leaves `failed`. What is there stays all the while: a caught flow
 * without its route would go out to the server, which knows no such connection and ends it.
 */
export function routeLines({ catches = [] }: Pick<Ruleset, 'catches'>): string {
  const none = BOTH.filter((family) => !catches.includes(family))
  const clear = none.length === 0 ? '' : `command -v ip >/dev/null 2>&1 && { ${away(none)}; }\n`
  return `${clear}${catches.map((family) => `${ruleCheck(family)} || ${ip(family)} rule add fwmark ${MARK} lookup ${TABLE} || { say 'no rule for what is caught'; failed=1; }
${ip(family)} route replace local default dev lo table ${TABLE} || { say 'no route for what is caught'; failed=1; }
`).join('')}`
}
