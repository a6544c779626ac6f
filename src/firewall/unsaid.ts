// What the policy says and packets cannot: told, each with its place, never dropped silently. Danger prevented: an administrator who
// loads the rules and believes that they hold what only the proxy can.
import type { AddressSet, Policy, WebRule } from '../policy/policy.ts'
import type { Note } from './ruleset.ts'

/** The conditions of a web rule, in the words of the file. */
function conditions(rule: WebRule): readonly string[] {
  const words: string[] = []
  if (rule.from !== undefined) words.push('from')
  if (rule.to !== undefined) words.push('to')
  if (rule.host !== undefined) words.push('host')
  if (rule.uri !== undefined) words.push('uri')
  if (rule.contentTypes !== undefined) words.push('content-type')
  if (rule.methods !== undefined) words.push('methods')
  if (rule.ports !== undefined) words.push('ports')
  if (rule.lists !== undefined) words.push('list')
  if (rule.userAgents !== undefined) words.push('user-agent')
  if (rule.resolvesTo !== undefined) words.push('resolves-to')
  return words
}

function webNotes(policy: Policy): readonly Note[] {
  return policy.web.rules.filter((rule) => rule.enabled).map((rule) => {
    const words = conditions(rule).map((word) => `\`${word}\``)
    const of = words.length === 0 ? '' : ` (${words.join(', ')})`
    return { code: 'firewall-web', place: rule.place, message: `web rule \`${rule.id}\`${of} is the proxy's alone: packets cannot express requests` }
  })
}

function listNotes(policy: Policy): readonly Note[] {
  return policy.lists.map((list) => ({ code: 'firewall-list', place: list.place, message: `list \`${list.name}\` is the proxy's alone: packets carry no host names` }))
}

function ruleNotes(policy: Policy): readonly Note[] {
  const patterns = (set: AddressSet): boolean => set.hosts.length > 0
  return policy.rules.filter((rule) => rule.enabled).flatMap((rule): readonly Note[] => {
    if (rule.via === 'proxy') return [{ code: 'firewall-via', place: rule.place, message: `rule \`${rule.id}\` is \`via: proxy\`: it holds for what the proxy fetches, not for packets` }]
    if (patterns(rule.from) || patterns(rule.to)) return [{ code: 'firewall-host', place: rule.place, message: `rule \`${rule.id}\` names host patterns: packets carry no names, so those are left out` }]
    return []
  })
}

export function unsaidNotes(policy: Policy): readonly Note[] {
  return [...ruleNotes(policy), ...webNotes(policy), ...listNotes(policy)]
}

/** As the terminal shows it: `file:line:column: note: message`, and the hint below. */
export function noteText({ place, message, hint }: Note, severity: 'note' | 'error' = 'note'): string {
  const at = place === undefined ? 'greengate' : `${place.file}:${place.line}:${place.column}`
  return `${at}: ${severity}: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`
}
