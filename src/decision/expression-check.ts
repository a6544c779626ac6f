// The expressions of a policy's rules, each told at its place where it does not compile. To be asked before a policy is compiled. Danger
// prevented: a rule that is thought to deny and whose expression never ran.
import { checkExpression } from '../lists/expressions.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { Policy } from '../policy/policy.ts'

export function checkExpressions(policy: Policy): Diagnostic[] {
  return policy.web.rules.flatMap((rule) => [
    ...(rule.uri ?? []).map((source, index) => ({ source, key: `uri[${index}]` })),
    ...(rule.userAgents ?? []).map((source, index) => ({ source, key: `user-agent[${index}]` })),
  ].flatMap(({ source, key }): Diagnostic[] => {
    const problem = checkExpression(source)
    if (problem === undefined) return []
    const word = key.startsWith('uri') ? 'uri' : 'user-agent'
    return [{
      code: 'expression',
      severity: 'error',
      message: `\`${source}\` is no expression for \`${word}\`: ${problem}`,
      place: rule.places?.get(key) ?? rule.place,
      hint: 'expressions are RE2: no look-around and no back-references; a dot that is meant is written `\\.`',
    }]
  }))
}
