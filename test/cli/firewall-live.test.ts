// `greengate firewall usage` and `flows` on a gateway with real packets, on both back ends: what each rule was hit, over a reload, and what was
// never hit; what goes out, with its client, group, service and rule, and a flow that the policy would not let begin any more.
import t from 'tap'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Runner } from '../../src/kernel/tool.ts'
import { keepingUsage, usageFile } from '../../src/plane/usage.ts'
import { BACKENDS } from '../firewall/backends.ts'
import { printed } from '../firewall/cases.ts'
import { run as exec, unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { folderFor } from '../gateway/process.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'conntrack'])
const RED = '203.0.113.25'
const POLICY = readFileSync('policies/office.yaml', 'utf8').replace('interface: eth0', 'interface: green0').replace('interface: eth1', 'interface: red0')

interface UsageJson {
  readonly rules: readonly { readonly name: string; readonly packets: number; readonly bytes: number; readonly lastHit: { readonly notBefore: string; readonly notAfter: string } | null; readonly hint?: string }[]
  readonly others: readonly { readonly name: string; readonly packets: number }[]
  readonly gone: readonly { readonly name: string }[]
}

interface FlowJson {
  readonly event?: string
  readonly client: string
  readonly group?: string
  readonly target: string
  readonly port: number
  readonly here?: string
  readonly rule: string
  readonly verdict: string
}

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }, { name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'] }])
    await stage.listen('red', 'red', [25, 110], [])
    const state = folderFor(t, { 'office.yaml': POLICY, 'closed.yaml': POLICY.replace('[pop3, smtp]', '[pop3]').replace(/^ {2}- \{ from: .*tcp\/25 .*$/gm, '') })
    const runner: Runner = async (command, args, input = '') => {
      const { code, out, err } = exec('ip', ['netns', 'exec', stage.space('gw'), command, ...args], input)
      return { code, out, err, missing: false }
    }
    const load = (text: string): Promise<void> => keepingUsage(usageFile(state), async () => backend.load(stage, 'gw', printed(text)), runner)
    const greengate = <T>(...args: readonly string[]): T => {
      const { code, out, err } = exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, ...args])
      if (code !== 0) throw new Error(err)
      return JSON.parse(out) as T
    }
    const usage = (): UsageJson => greengate('firewall', 'usage', '--policy', join(state, 'office.yaml'), '--state', state, '--json')
    await load(POLICY)

    await t.test('usage: hits by name, over a reload, and never', async (t) => {
      t.same(await stage.probe('h5', [25, 110].map((port) => ({ protocol: 'tcp', host: RED, port }))), [`red:25 203.0.113.1`, `red:110 203.0.113.1`])
      await stage.probe('h25', [{ protocol: 'tcp', host: '192.168.51.254', port: 800 }], 300)
      const first = usage()
      const [mail, web] = first.rules
      t.match(mail, { name: 'mail', packets: 2 })
      t.ok((mail?.bytes ?? 0) >= 80 && mail?.lastHit !== null)
      t.match(web, { name: 'web-through-the-proxy', packets: 0, lastHit: null })
      t.ok((first.others.find(({ name }) => name === 'default-deny')?.packets ?? 0) >= 1)
      await load(POLICY)
      await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }])
      t.match(usage().rules[0], { name: 'mail', packets: 3 })
      await load(POLICY.replace('name: mail\n', 'name: post\n').replaceAll('by: mail', 'by: post'))
      await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }])
      const renamed = usage()
      t.match(renamed.rules[0], { name: 'mail', packets: 3 }, 'a rule that is not loaded keeps its numbers')
      t.match(renamed.gone, [{ name: 'post', packets: 1, hint: 'no more in the policy' }])
      const { out } = exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', 'usage', '--policy', join(state, 'office.yaml'), '--state', state])
      t.match(out, /^rule +action +packets +bytes +last hit +remark\nmail +allow +3 +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +MailAccess PCs can use MailingServices\nweb-through-the-proxy +allow +0 +0 +never since \d{4}-/)
      await load(POLICY)
    })

    await t.test('flows: who, what for, by which rule; also live', async (t) => {
      const child = stage.start('gw', process.execPath, [MAIN, 'firewall', 'flows', '-f', '--json', '--policy', join(state, 'office.yaml')], { stderr: 'pipe' })
      let out = ''
      child.stdout?.on('data', (chunk: Buffer) => (out += String(chunk)))
      await stage.said(child, 'following', 'stderr')
      await sleep(300)
      stage.hold('h5', RED, 25)
      for (let tries = 0; tries < 50 && !out.includes('"port":25'); tries++) await sleep(100)
      const live = JSON.parse(out.split('\n').find((line) => line.includes('"port":25')) ?? '{}') as FlowJson
      t.match(live, { event: 'flow-new', client: '192.168.51.5', group: 'MailAccess', target: RED, port: 25, here: 'MailingServices', rule: 'mail', verdict: 'allow' })
      child.kill('SIGTERM')
      const now = greengate<{ readonly flows: readonly FlowJson[] }>('firewall', 'flows', '--json', '--policy', join(state, 'office.yaml'), '--client', '192.168.51.5', '--service', 'smtp')
      t.ok(now.flows.some((flow) => flow.client === '192.168.51.5' && flow.port === 25 && flow.rule === 'mail'))
      const judged = greengate<{ readonly flows: readonly FlowJson[] }>('firewall', 'flows', '--json', '--policy', join(state, 'closed.yaml'), '--service', 'smtp')
      t.match(judged.flows.find(({ port }) => port === 25), { rule: 'default', verdict: 'deny' }, 'judged anew: what would not begin any more is told')
      t.same(greengate<{ readonly flows: readonly FlowJson[] }>('firewall', 'flows', '--json', '--policy', join(state, 'office.yaml'), '--client', 'WebAccess').flows, [])
    })

    await t.test('a flow that another program redirected is judged as the rules meet it', async (t) => {
      stage.must('gw', `nft add table ip other; nft 'add chain ip other others { type nat hook prerouting priority dstnat; }'; nft add rule ip other others ip daddr 203.0.113.99 tcp dport 2525 dnat to ${RED}:25`)
      stage.hold('h5', '203.0.113.99', 2525)
      const flows = (...more: readonly string[]): readonly FlowJson[] => greengate<{ readonly flows: readonly FlowJson[] }>('firewall', 'flows', '--json', '--policy', join(state, 'office.yaml'), ...more).flows.filter(({ target }) => target === '203.0.113.99')
      for (let tries = 0; tries < 50 && flows().length === 0; tries++) await sleep(100)
      t.match(flows('--service', 'smtp'), [{ target: '203.0.113.99', port: 2525, redirected: { target: RED, port: 25 }, here: 'MailingServices', rule: 'mail', verdict: 'allow' }])
      t.equal(flows('--service', 'tcp/2525').length, 1, 'found by what its client asked for, too')
      const { out } = exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', 'flows', '--policy', join(state, 'office.yaml')])
      t.match(out, /^192\.168\.51\.5 +MailAccess +TCP +203\.0\.113\.99 → 203\.0\.113\.25 +2525 → 25 \(SMTP; here MailingServices\) /m)
      stage.must('gw', 'nft delete table ip other')
    })
  })
}
