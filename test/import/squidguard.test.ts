// squidGuard's configuration as a policy: the order of each `pass` line is the order of its rules, and what cannot be said closes.
import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { policyText } from '../../src/import/draft.ts'
import type { Imported } from '../../src/import/draft.ts'
import { importSquidGuard } from '../../src/import/squidguard.ts'
import { parsePolicy } from '../../src/policy/parse.ts'

const SHIPPED = '/etc/squidguard/squidGuard.conf.default'

function made(text: string, name = 'squidGuard.conf'): Imported {
  const found = importSquidGuard([{ name, text }])
  if (!('draft' in found)) throw new Error(found.message)
  const { diagnostics } = parsePolicy(policyText(found.draft), 'p.yaml')
  t.same(diagnostics.filter(({ severity }) => severity === 'error'), [], 'the policy holds')
  return found
}

const CONFIG = `dbhome /lists
time work { weekly mtwhf 08:00 - 16:30 }
src staff
{
  ip 10.0.0.0/24 10.0.1.5/24
}
src pupils { ip 10.1.0.0/16 }
dest ads { domainlist ads/domains
  urllist ads/urls }
dest good { domainlist good/domains }
dest none-of-it { }
acl {
  staff within work { pass good !in-addr !ads !none-of-it any }
  else { pass any }
  pupils { pass good none }
  default { pass none
    redirect http://x/ }
}
`

t.test('groups, lists, times and pass lines', async (t) => {
  const { draft, findings } = made(CONFIG)
  t.same(draft.addresses, [['staff', ['10.0.0.0/24', '10.0.1.0/24']], ['pupils', ['10.1.0.0/16']]])
  t.same(draft.lists, [{ name: 'ads', domains: '/lists/ads/domains', urls: '/lists/ads/urls' }, { name: 'good', domains: '/lists/good/domains' }])
  t.same(draft.schedules, [['work-time', ['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => `${day} 08:00-16:30`)]])
  t.same(draft.web?.rules.map(({ action, from, list, host, schedule }) => [action, from?.join() ?? 'all', list?.join() ?? host?.join() ?? 'any', schedule?.join() ?? 'always'].join(' ')), [
    'allow staff good work-time', 'deny staff numeric work-time', 'deny staff ads work-time', 'allow staff any work-time', 'allow staff any always', 'allow pupils good always', 'deny pupils any always', 'deny all any always',
  ])
  t.same(draft.web?.default, 'deny')
  t.match(findings.filter(({ kind }) => kind === 'lost'), [{ message: /own page/ }])
})

t.test('what cannot be said closes, and never opens', async (t) => {
  t.match(made(CONFIG.replace('!ads', '!unknown')).draft.web?.rules[0], { action: 'deny', from: ['staff'] })
  t.match(made(CONFIG.replace('weekly mtwhf 08:00 - 16:30', 'date *-*-01')).draft.web?.rules[0], { action: 'deny', from: ['staff'] })
  const user = made(CONFIG.replace('  ip 10.0.0.0/24', '  user root\n  ip 10.0.0.0/24'))
  t.match(user.draft.web?.rules[0], { action: 'deny', from: ['staff'] })
  t.match(user.findings.find(({ kind }) => kind === 'lost'), { message: /`staff`: `user` is nothing/ })
  t.equal(made('acl { default { pass any } }').draft.web?.rules[0]?.action, 'allow')
  t.equal(made('src a { ip 10.0.0.1 }\nacl { a { pass any } }').draft.web?.default, 'deny')
  t.match(importSquidGuard([{ name: 'x', text: 'hello' }]), { message: /no `acl/ })
})

t.test('the configuration that Debian ships', { skip: existsSync(SHIPPED) ? false : 'squidguard is not installed' }, async (t) => {
  const { draft, findings } = made(readFileSync(SHIPPED, 'utf8'), SHIPPED)
  t.equal(draft.web?.rules.some(({ action }) => action === 'allow'), false, 'its one allowance is for users')
  t.match(findings.filter(({ kind }) => kind === 'lost').map(({ message }) => message), [/`user`/, /`workhours`/, /own page/])
})
