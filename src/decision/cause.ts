// Why: the one sentence, the answer to "by what", and the place, made once when a policy is compiled. Danger prevented: a refusal
// that names no reason, or one that tells a client which addresses a name has (wire rule 19).
import type { PacketRule, Rule, WebRule } from '../policy/policy.ts'
import type { Cause, Observed, Reserved } from './facts.ts'

/** A denial on its way. `firm`: observe mode does not lift it (the guard, the gateway's own addresses, the red side). */
export interface Refused {
  readonly cause: Cause
  readonly firm: boolean
}

export function reserved(by: Reserved, reason: string): Cause {
  return { by, kind: by, reason }
}

function anyOf(values: readonly string[]): string {
  const shown = values.slice(0, 3).join(' or ')
  return values.length > 3 ? `${shown} or ${values.length - 3} more` : shown
}

/** The conditions of a web rule in words, for reasons and explanations. */
export function webConditions(rule: WebRule): string {
  const words: string[] = []
  if (rule.host !== undefined) words.push(`host ${anyOf([...(rule.host.numeric ? ['numeric'] : []), ...rule.host.patterns.map((pattern) => pattern.text)])}`)
  if (rule.to !== undefined) words.push(`to ${anyOf(rule.to.text)}`)
  if (rule.uri !== undefined) words.push(`uri ${anyOf(rule.uri)}`)
  if (rule.lists !== undefined) words.push(`list ${anyOf(rule.lists)}`)
  if (rule.contentTypes !== undefined) words.push(`content-type ${anyOf(rule.contentTypes)}`)
  if (rule.methods !== undefined) words.push(`methods ${anyOf(rule.methods)}`)
  if (rule.ports !== undefined) words.push(`ports ${anyOf(rule.ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)))}`)
  if (rule.userAgents !== undefined) words.push(`user-agent ${anyOf(rule.userAgents)}`)
  if (rule.from !== undefined) words.push(`from ${anyOf(rule.from.text)}`)
  if (rule.schedules !== undefined) words.push(`schedule ${anyOf(rule.schedules.map((schedule) => schedule.name))}`)
  return words.join(', ')
}

function packetConditions(rule: PacketRule): string {
  return `${anyOf(rule.services.text)} from ${anyOf(rule.from.text)} to ${anyOf(rule.to.text)}`
}

function verbOf(rule: Rule): string {
  if (rule.action !== 'allow') return 'denies it'
  if (rule.limit === undefined) return 'allows it'
  return rule.limit.low === true ? 'allows it behind all else' : `allows it at ${rule.limit.text} at most`
}

export function ruleCause(rule: Rule): Cause {
  const conditions = rule.kind === 'web' ? webConditions(rule) : packetConditions(rule)
  const told = `the rule ${rule.id} ${verbOf(rule)}${conditions === '' ? '' : ` (${conditions})`}`
  return { by: rule.id, kind: 'rule', place: rule.place, reason: rule.reason ?? told }
}

export function ruleObserved(rule: Rule, cause: Cause): Observed {
  return { verdict: rule.action === 'allow' ? 'allow' : 'deny', cause }
}

const NONE: readonly Observed[] = []

/** What observed rules would have done, gathered while a judgement runs. */
export class Notes {
  #observed: Observed[] | undefined

  add(observed: Observed): void {
    this.#observed ??= []
    if (!this.#observed.includes(observed)) this.#observed.push(observed)
  }

  addAll(observed: readonly Observed[]): void {
    for (const each of observed) this.add(each)
  }

  get observed(): readonly Observed[] {
    return this.#observed ?? NONE
  }
}
