// Expressions of the rules that do not compile are told at their own places, before anything is compiled from them.
import t from 'tap'
import { checkExpressions } from '../../src/decision/expression-check.ts'
import { parsePolicy } from '../../src/policy/parse.ts'

t.test('each at its place', async (t) => {
  const { policy } = parsePolicy(`version: 1
web:
  rules:
    - { name: a, action: deny, uri: [fine, 'a(b', '(?=x)'] }
    - name: b
      action: deny
      user-agent: '[z'
    - { name: c, action: deny, uri: 'gateway\\.dll' }
`, 'p.yaml')
  if (policy === undefined) throw new Error('no policy')
  const told = checkExpressions(policy).map(({ severity, code, place, message }) => `${place.file}:${place.line}:${place.column} ${severity} ${code} ${message.split(':')[0]}`)
  t.same(told, [
    'p.yaml:4:44 error expression `a(b` is no expression for `uri`',
    'p.yaml:4:51 error expression `(?=x)` is no expression for `uri`',
    'p.yaml:7:19 error expression `[z` is no expression for `user-agent`',
  ])
})
