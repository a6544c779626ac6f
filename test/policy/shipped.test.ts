// The six shipped policies as texts: each is whole, clean and tested, and holds what the articles it stands for hold.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import type { PacketRule, Policy } from '../../src/policy/policy.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'policies')

function shipped(name: string): Policy {
  const { policy, diagnostics } = parsePolicy(readFileSync(join(FOLDER, name), 'utf8'), join(FOLDER, name))
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  return policy
}

t.test('all six are there, without a word of complaint, and with tests', async (t) => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')).sort()
  t.strictSame(names, ['ci.yaml', 'default.yaml', 'office.yaml', 'school.yaml', 'server.yaml', 'strict.yaml'])
  for (const name of names) {
    const text = readFileSync(join(FOLDER, name), 'utf8')
    const { policy, diagnostics } = parsePolicy(text, join(FOLDER, name))
    t.strictSame(diagnostics.map(renderDiagnostic), [], name)
    t.ok((policy?.tests.length ?? 0) >= 10, `${name} has tests`)
    t.ok(text.startsWith('# '), `${name} says what it is for`)
    for (const list of policy?.lists ?? []) for (const file of [list.domains, list.urls, list.expressions, list.hosts]) t.ok(file === undefined || existsSync(file), `${file ?? 'no file'} of ${list.name}`)
    for (const block of policy?.blocks ?? []) t.ok(existsSync(block.file), block.file)
  }
})

t.test('strict.yaml: the twenty lines of the article', async (t) => {
  const policy = shipped('strict.yaml')
  const asked = (rule: PacketRule, protocol: 'tcp' | 'udp', port: number): boolean => rule.services.parts.some((part) => part.protocol === protocol && part.first === port)
  const lines: readonly (readonly [port: number, protocols: readonly ('tcp' | 'udp')[], open: boolean])[] = [
    [13, ['tcp', 'udp'], false], [21, ['tcp'], false], [22, ['tcp'], false], [23, ['tcp'], false], [25, ['tcp'], false], [43, ['tcp'], false], [53, ['tcp', 'udp'], false],
    [63, ['tcp', 'udp'], false], [70, ['tcp'], false], [79, ['tcp'], false], [80, ['tcp'], false], [109, ['tcp'], false], [110, ['tcp'], true], [113, ['tcp'], false],
    [119, ['tcp'], false], [123, ['udp'], true], [143, ['tcp'], true], [443, ['tcp', 'udp'], false], [587, ['tcp'], true],
  ]
  for (const [port, protocols, open] of lines) {
    const rule = policy.rules.find((one) => protocols.every((protocol) => asked(one, protocol, port)))
    t.ok(rule?.remark, `${port} has its reason`)
    t.equal(rule?.enabled, open, `${port} is ${open ? 'open' : 'there, and closed'}`)
  }
  const ping = policy.rules.find((rule) => rule.services.parts.some((part) => part.protocol === 'icmp' && part.v4 === 8))
  t.ok(ping?.remark, 'icmp 8 has its reason')
  for (const port of [80, 443]) t.match(policy.rules.find((rule) => asked(rule, 'tcp', port))?.remark, /by the proxy/, `${port} says that it goes by the proxy`)
})

t.test('office.yaml: the groups of the article', async (t) => {
  const policy = shipped('office.yaml')
  const [mail, web] = policy.rules
  t.match(mail, { id: 'mail', action: 'allow', remark: 'MailAccess PCs can use MailingServices', to: { internet: true }, via: 'direct' })
  t.match(web, { id: 'web-through-the-proxy', action: 'allow', remark: 'WebAccess PCs can access IPCop Proxy', to: { gateway: true }, services: { parts: [{ protocol: 'proxy' }] }, via: 'both' })
  t.strictSame(policy.gateway.admin, { macs: ['00:1a:2b:3c:4d:5e'], ports: [445, 222] })
})

t.test('server.yaml and default.yaml: one machine, no green', async (t) => {
  for (const name of ['server.yaml', 'default.yaml']) t.strictSame(shipped(name).gateway.green, [], name)
})
