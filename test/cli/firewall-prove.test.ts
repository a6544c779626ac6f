// `greengate firewall prove` as it is typed: of what is printed, and with `--live` of what the kernel has, hand-edited too.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inNamespace, run, unable } from '../firewall/root.ts'
import type { Ran } from '../firewall/root.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const skip = unable(['iptables-restore', 'ip6tables-restore', 'nft'])
const folder = t.testdir({})
const policy = join(folder, 'policy.yaml')
writeFileSync(policy, `version: 1
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: []
rules:
  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: smtp }
  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }
`)

function prove(...args: readonly string[]): Ran {
  return run(process.execPath, [MAIN, 'firewall', 'prove', '--policy', policy, ...args])
}

const printed = (format: string, ...args: readonly string[]): string => run(process.execPath, [MAIN, 'firewall', '--policy', policy, '--format', format, ...args]).out
const text = skip === false ? { nft: printed('nft'), iptables: printed('iptables'), ip6tables: printed('ip6tables') } : { nft: '', iptables: '', ip6tables: '' }

/** In a namespace: load what was printed, do something to it, then prove what is there. */
function live(load: string, change = 'true', args = '--cells 12000'): Ran {
  return inNamespace(`${load}\n{ ${change}; } && ${process.execPath} ${MAIN} firewall prove --policy ${policy} --live ${args}`)
}

const NFT = `nft -f - << 'END'\n${text.nft}END`
const IPTABLES = `ip6tables-restore --noflush << 'END'\n${text.ip6tables}END\niptables-restore --noflush << 'END'\n${text.iptables}END`

interface Told {
  readonly agree: boolean
  readonly complete: boolean
  readonly cells: number
  readonly share: number
  readonly drawn: number
  readonly judges: readonly string[]
  readonly disagreements: readonly { readonly simulate: string; readonly packet: Readonly<Record<string, string>>; readonly said: readonly { readonly who: string; readonly verdict: string; readonly by: string }[] }[]
}

t.test('what is printed is proven: who agrees, on how many, in which time', async (t) => {
  const { code, out } = prove()
  t.equal(code, 0)
  t.match(out, /^proven: policy, ruleset, iptables, ip6tables, nft, proxy agree on verdict and rule\n {2}cells +\d+: every packet that one of them tells from another\n[\s\S]* {2}asked +ruleset \d+[^\n]*policy \d+[^\n]*proxy \d+\n {2}time +\d+\.\d s\n$/)
})

t.test('where not every cell is tried, that is said', async (t) => {
  t.match(prove('--cells', '1000').out, /^not disproven: [\s\S]*1000, the most that `--cells` lets be tried one by one; they are \d+\.\d % of the space\. Of the rest 200 packets were drawn by chance[^\n]*tried, not proven\n/)
  const told = JSON.parse(prove('--cells', '1000', '--json').out) as Told
  t.match(told, { agree: true, complete: false, cells: 1000, drawn: 200 })
  t.equal(prove('--cells', '0').code, 2)
})

t.test('a single machine\'s rules are proven among themselves', async (t) => {
  const { code, out } = prove('--mode', 'client', '--proxy', '192.168.51.254:800')
  t.equal(code, 0, out)
  t.match(out, /proven: ruleset, iptables, ip6tables, nft agree[\s\S]*not asked: the policy's own judgement/)
})

t.test('what the kernel has, from either back end', { skip }, async (t) => {
  for (const [load, judges] of [[NFT, 'policy, ruleset, kernel (nft), proxy'], [IPTABLES, 'policy, ruleset, kernel (iptables), kernel (ip6tables), proxy']] as const) {
    const { code, out, err } = live(load, 'true', '')
    t.equal(code, 0, err)
    t.ok(out.startsWith(`proven: ${judges} agree on verdict and rule\n`), out)
  }
  t.equal(live(`nft -f - << 'END'\n${printed('nft', '--generation', '9')}END`).code, 0, 'whichever generation it marks')
})

t.test('a hand that was laid on the rules is shown by a packet', { skip }, async (t) => {
  const rows: readonly (readonly [what: string, load: string, change: string, told: RegExp])[] = [
    ['a port opened in nft', NFT, 'nft insert rule inet greengate green tcp dport 4444 accept', /disagree: tcp\/4444 from [^\n]*\n[\s\S]*kernel \(nft\) +accept by default/],
    ['a rule deleted in iptables', IPTABLES, 'iptables -D GG_GREEN 1', /disagree: [\s\S]*kernel \(iptables\)/],
    ['IPv6 forgotten', IPTABLES, 'ip6tables -F INPUT; ip6tables -F FORWARD; ip6tables -F OUTPUT; ip6tables -t raw -F PREROUTING', /kernel \(ip6tables\) +accept by default/],
    ['the jump away', IPTABLES, 'iptables -F FORWARD', /disagree: [^\n]*forward\n[\s\S]*kernel \(iptables\) +accept by default/],
  ]
  for (const [what, load, change, told] of rows) {
    // a lost line is met by few packets
    const { code, out } = live(load, change, '')
    t.equal(code, 1, what)
    t.match(out, told, what)
    t.match(out, /\n {2}try it: greengate firewall simulate --policy \S+ --from \S+ /)
    t.match(out, /\ndisproven: \d+ packets on which they disagree/)
  }
})

t.test('and for a program', { skip }, async (t) => {
  const told = JSON.parse(live(NFT, 'nft insert rule inet greengate forward tcp dport 4444 accept', '--json --cells 60000').out) as Told
  t.equal(told.agree, false)
  t.match(told.disagreements[0]?.said.map(({ who, verdict }) => `${who} ${verdict}`), ['ruleset drop', 'policy drop', 'kernel (nft) accept'])
  t.match(told.disagreements[0]?.simulate, /^--from \S+ .*tcp\/4444 \S+$/)
})

t.test('other people\'s rules in front of ours are told', { skip }, async (t) => {
  const { code, out } = live(IPTABLES, 'iptables -I FORWARD 1 -s 10.9.9.9/32 -j ACCEPT')
  t.equal(code, 0)
  t.match(out, /not read: other people's rules that stand before our jump in filter\/FORWARD; they decide first\n/)
})

t.test('rules that cannot be read, and none at all: 1, and no proof', { skip }, async (t) => {
  const strange = live(NFT, 'nft insert rule inet greengate green meta mark 7 accept')
  t.equal(strange.code, 1)
  t.equal(strange.out, '')
  t.match(strange.err, /nothing is proven: line \d+: `meta` is not known here/)
  const none = live('true')
  t.equal(none.code, 1)
  t.match(none.err, /the kernel has none of our rules/)
})
