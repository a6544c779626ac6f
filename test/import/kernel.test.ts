// Shorewall as its own witness: kernel/iptables-save.txt is what Shorewall 5.2.8 itself made of the files beside it and loaded into a kernel. The policy
// imported from the same files must decide every packet as those rules do; what parts is what the import told.
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { judgeText } from '../../src/import/iptables/judge.ts'
import { readIptables } from '../../src/import/iptables/text.ts'
import { importShorewall } from '../../src/import/shorewall/shorewall.ts'
import { judge, made, told } from './judged.ts'

const FOLDER = join(import.meta.dirname, 'kernel')
const read = (name: string): { readonly name: string; readonly text: string } => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') })

t.test('the imported policy decides as the rules that Shorewall loaded', async (t) => {
  const imported = made(importShorewall(readdirSync(FOLDER).filter((name) => name !== 'iptables-save.txt').map(read)))
  t.same(told(imported.findings, 'lost').map((each) => each.split(' ')[0]), ['interfaces:2'], 'DHCP from the internet is told')
  const { compiled } = await judge(t, imported)
  const judged = judgeText(compiled, readIptables([read('iptables-save.txt')]), 0)
  const of = (status: string): readonly string[] => judged.filter((each) => each.status === status).map(({ line }) => line.text)
  t.same(of('not-implied'), ['-A net-fw -p udp -m udp --dport 67:68 -j ACCEPT'], 'and that is the one rule that parts')
  t.same(of('fault'), [])
  t.ok(of('implied').length >= 45, `${of('implied').length} rules say what the policy says`)
})

t.test('a policy that differs in one port, or one address, is seen to differ', async (t) => {
  for (const [from, to] of [['5900:5910', '5900:5911'], ['192.168.51.0/27,', '192.168.51.0/28,'], ['6660:6669', '6660:6668'], ['loc net DROP', 'loc net ACCEPT'], ['SSH(ACCEPT) loc fw', 'SSH(ACCEPT) fw net'], ['!192.168.51.7', '!192.168.51.8']] as const) {
    const files = readdirSync(FOLDER).filter((name) => name !== 'iptables-save.txt').map(read).map((each) => ({ ...each, text: each.text.replace(from, to) }))
    const { compiled } = await judge(t, made(importShorewall(files)))
    const judged = judgeText(compiled, readIptables([read('iptables-save.txt')]), 0)
    t.ok(judged.filter(({ status }) => status === 'not-implied').length >= 2, `${from} → ${to}`)
  }
})
