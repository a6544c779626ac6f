// What the rules need beside the packet filter: the queues of rules that limit, the routes of what is caught. As data to be kept, and as one shell script
// that makes a machine so, from whatever was there of ours. Danger prevented: rules taken back whose queues stay; a kept file whose words a shell obeys.
import type { Family } from '../net/ip.ts'
import { isInterface } from '../policy/interface.ts'
import type { Policy } from '../policy/policy.ts'
import { isSafeId } from './rule-id.ts'
import { routeCheck, routeLines } from './route.ts'
import type { Ruleset, Shaping } from './ruleset.ts'
import { MOST_CLASSES, shapingOf } from './shaping.ts'
import { TREES, shapingLines } from './tc.ts'

export interface Beside {
  readonly shaping?: Shaping
  readonly catches?: readonly Family[]
}

/** The same at every hour: a class without a rule in force waits empty. undefined: nothing is needed. */
export function besideOf(policy: Policy, { mode, catches }: Ruleset): Beside | undefined {
  const shaping = mode === 'client' ? undefined : shapingOf(policy, policy.rules)
  return shaping === undefined && catches === undefined ? undefined : { ...(shaping === undefined ? {} : { shaping }), ...(catches === undefined ? {} : { catches }) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRate(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value > 0 && value < 1e12)
}

function isShaping(value: unknown): value is Shaping {
  if (!isRecord(value) || !Array.isArray(value['classes']) || !Array.isArray(value['lines'])) return false
  const isClass = (each: unknown): boolean => isRecord(each) && Number.isInteger(each['id']) && Number(each['id']) >= 1 && Number(each['id']) <= MOST_CLASSES && isSafeId(each['rule']) && isRate(each['rate'])
  const isLine = (each: unknown): boolean => isRecord(each) && isInterface(each['interface']) && isRate(each['rate'])
  return value['classes'].every(isClass) && value['lines'].every(isLine)
}

/** Of a file: what is no such thing is told from what is. */
export function isBeside(value: unknown): value is Beside {
  if (!isRecord(value)) return false
  const { shaping, catches } = value
  return (shaping === undefined || isShaping(shaping)) && (catches === undefined || (Array.isArray(catches) && catches.every((each) => each === 4 || each === 6)))
}

/** Exit code 0: so it is; 1: it could not be, as standard error tells; 2: it is, save for interfaces that are not there. */
export function renderBeside(beside: Beside = {}): string {
  // the routes first: where there is no tc, what is caught still reaches the proxy
  return `set -u\n\nsay() { printf '%s\\n' "$*" >&2; }\nfailed=0\n${routeLines(beside)}routes=$failed\n${shapingLines(beside)}[ "$failed$routes" = 00 ] || exit 1\nexit $((absent * 2))\n`
}

/** Exit code 1: something of it is missing that could be there: an interface has come, a route has gone. */
export function renderBesideCheck({ shaping, catches }: Beside): string {
  const lines = (shaping?.lines ?? []).map(({ interface: name }) => `[ ! -e /sys/class/net/${name} ] || case " $trees " in *" ${name} "*) ;; *) exit 1 ;; esac\n`)
  return `trees=$(${TREES} | tr '\\n' ' ')\n${lines.join('')}${(catches ?? []).map((family) => `${routeCheck(family)} || exit 1\n`).join('')}`
}
