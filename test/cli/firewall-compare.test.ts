// `greengate firewall compare OLD NEW` as it is typed.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../gateway/process.ts'

const folder = t.testdir({})
function policy(name: string, mail: string, services: string): string {
  const path = join(folder, name)
  writeFileSync(path, `version: 1
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
addresses: { Mail: [${mail}] }
rules:
  - { name: mail, action: allow, from: Mail, to: internet, services: [${services}] }
`)
  return path
}
const OLD = policy('old.yaml', '192.168.51.0/27', 'smtp, pop3')
const NEW = policy('new.yaml', '192.168.51.0/28', 'smtp, pop3, imap')

t.test('newly allowed and newly denied, each with its rules and a packet', async (t) => {
  const end = await run(['firewall', 'compare', OLD, NEW])
  t.equal(end.code, 0, end.stderr)
  t.match(end.stdout, /^newly allowed, IPv4: tcp\/143\n {2}from +Mail, through green0\n {2}to +internet, through red0\n {2}before +drop by default, gg:default-deny[^\n]*\n {2}now +accept by mail \(\S+new\.yaml:8:5\), masqueraded\n {2}such as +--from 192\.168\.51\.1 --in green0 tcp\/143 \S+\n/)
  t.match(end.stdout, /\nnewly denied, IPv4: tcp\/25, tcp\/110\n {2}from +192\.168\.51\.16\/28, through green0\n[\s\S]*\n1 newly allowed, 1 newly denied\n {2}\d+ cells: every packet/)
})

t.test('the packet that is told is what it says, on both sides', async (t) => {
  const told = JSON.parse((await run(['firewall', 'compare', '--json', OLD, NEW])).stdout) as { readonly changes: readonly { readonly change: string; readonly before: { readonly rule: string }; readonly now: { readonly rule: string }; readonly example: { readonly simulate: string } }[]; readonly complete: boolean }
  t.equal(told.complete, true)
  t.equal(told.changes.length, 2)
  for (const { change, before, now, example } of told.changes) {
    const verdict = async (file: string): Promise<string> => {
      const { verdict, rule } = JSON.parse((await run(['firewall', 'simulate', '--policy', file, '--json', ...example.simulate.split(' ')])).stdout) as { readonly verdict: string; readonly rule: string }
      return `${verdict} ${rule}`
    }
    t.same([await verdict(OLD), await verdict(NEW)], change === 'allowed' ? [`drop ${before.rule}`, `accept ${now.rule}`] : [`accept ${before.rule}`, `drop ${now.rule}`])
  }
})

t.test('the same policy twice; a wrong command line; a policy with errors', async (t) => {
  t.match((await run(['firewall', 'compare', OLD, OLD])).stdout, /^nothing is newly allowed or newly denied\n/)
  t.match((await run(['firewall', 'compare', '--cells', '50', OLD, NEW])).stdout, /50 cells, the most that `--cells` lets be tried one by one[^\n]*there may be more\n$/)
  t.equal((await run(['firewall', 'compare', OLD])).code, 2)
  t.equal((await run(['firewall', 'compare', '--policy', OLD, OLD, NEW])).code, 2)
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'version: 1\nrulez: []\n')
  t.equal((await run(['firewall', 'compare', OLD, bad])).code, 4)
})
