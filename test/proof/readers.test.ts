// The readers of rules: every text that Greengate prints, and what the kernel lists of it, is read into one and the same model; a word that
// a reader does not know is an error with its line.
import t from 'tap'
import { readIptables } from '../../src/proof/from-iptables.ts'
import { readNft } from '../../src/proof/from-nft.ts'
import type { Model } from '../../src/proof/model.ts'
import { caseNames, readCase } from '../firewall/cases.ts'
import { inNamespace, unable } from '../firewall/root.ts'

/** As text: sets and big numbers too. Built-in chains that hold nothing are the kernel's own. */
function plain(model: Model): string {
  const chains = [...model.chains.values()].filter(({ base, rules }) => base === undefined || rules.length > 0).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return JSON.stringify(chains, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value instanceof Set ? [...value].sort() : value), 1)
}

const skip = unable(['iptables-restore', 'ip6tables-restore', 'nft', 'ipset'])

for (const name of caseNames()) {
  const { texts } = readCase(name)
  const text = (format: 'iptables' | 'ip6tables' | 'nft'): string => texts.get(format) ?? ''

  t.test(`${name}: what is printed is read`, async (t) => {
    t.ok(readIptables(text('iptables'), 4).model.bases.length >= 3)
    t.ok(readIptables(text('ip6tables'), 6).model.bases.length >= 3)
    t.ok(readNft(text('nft')).bases.length >= 3)
  })

  t.test(`${name}: what the kernel lists is the same`, { skip }, async (t) => {
    for (const [tool, format, family] of [['iptables', 'iptables', 4], ['ip6tables', 'ip6tables', 6]] as const) {
      const { code, out, err } = inNamespace(`${tool}-restore --noflush << 'END' && ${tool}-save -c\n${text(format)}END\n`)
      t.equal(code, 0, err)
      const live = readIptables(out, family, true)
      t.equal(plain(live.model), plain(readIptables(text(format), family).model), format)
      t.same(live.foreign, { before: [], rules: 0 })
    }
    const { code, out, err } = inNamespace(`nft -f - << 'END' && nft -s list table inet greengate\n${text('nft')}END\n`)
    t.equal(code, 0, err)
    t.equal(plain(readNft(out)), plain(readNft(text('nft'))), 'nft')
  })
}

t.test('other people\'s rules are counted, not read; what stands before our jump is told', async (t) => {
  const text = '*filter\n:INPUT DROP [1:2]\n:FORWARD ACCEPT [0:0]\n:DOCKER - [0:0]\n:GG_INPUT - [0:0]\n-A INPUT -m whatever --strange 1 -j DOCKER\n-A INPUT -j GG_INPUT\n[3:4] -A INPUT -j DROP\n-A DOCKER -j RETURN\n-A GG_INPUT -j ACCEPT\nCOMMIT\n'
  const { model, foreign } = readIptables(text, 4, true)
  t.same(foreign, { before: ['filter/INPUT'], rules: 3 })
  t.equal(model.bases.find(({ base }) => base?.hook === 'input')?.base?.policy, 'drop')
  t.throws(() => readIptables(text, 4), { message: /line 4: the chain `DOCKER` is not ours/ }, 'in a text of ours there are none')
})

t.test('a line of iptables that is not understood is an error', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['-p tcp --dport 25 -j ACCEPT', /without its match/],
    ['-m tcp --dport 25 -j ACCEPT', /without `-p tcp`/],
    ['-m time --timestart 08:00 -j ACCEPT', /`--timestart` is not known/],
    ['-m time --datestop never -j ACCEPT', /`never` is no time/],
    ['-m time --datestop 2026-11-20 -j ACCEPT', /no time/],
    ['-s 10.0.0.5/24 -j ACCEPT', /host bits/],
    ['-s fd00::/64 -j ACCEPT', /other family/],
    ['-i eth+ -j ACCEPT', /wild card/],
    ['-p 0 -j ACCEPT', /every protocol/],
    ['-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j ACCEPT', /fifteen/],
    ['-p icmp -m icmp --icmp-type 3/4 -j ACCEPT', /no number/],
    ['-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT', /without its protocol/],
    ['-j REJECT', /middle|with what/],
    ['-j REJECT --reject-with tcp-reset', /without `-p tcp`/],
    ['-p udp -j REJECT --reject-with icmp-network-unreachable', /not known/],
    ['-j TARPIT', /the target `TARPIT`/],
    ['-j GG_NOWHERE', /which is not there/],
    ['-m mark --mark 0x1 -j ACCEPT', /the mark `0x1` is not ours/],
    ['-j TPROXY --on-port 801 --on-ip 0.0.0.0 --tproxy-mark 0x4747/0xffff', /without `-p tcp`/],
    ['-p tcp -j TPROXY --on-port 801 --on-ip 192.0.2.1 --tproxy-mark 0x4747/0xffff', /one address/],
    ['-p tcp -j TPROXY --on-port 801 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1', /not ours/],
    ['-j CLASSIFY --set-class x', /no class/],
    ['-m limit --limit 5/min -j ACCEPT', /the rate/],
    ['-m comment --comment "gg:x -j ACCEPT', /open quote/],
    ['-m set --match-set friends src -j ACCEPT', /no ledger/],
    ['-m conntrack --ctstate SNAT -j ACCEPT', /`SNAT` is not known/],
    ['-p tcp -m tcp --tcp-flags SYN,ACK SYN -j ACCEPT', /flags/],
    ['! -m tcp -j ACCEPT', /`! -m`/],
  ]
  for (const [rule, problem] of rows) {
    const text = `*filter\n:GG_INPUT - [0:0]\n-I INPUT 1 -j GG_INPUT\n-A GG_INPUT ${rule}\nCOMMIT\n`
    t.throws(() => readIptables(text, 4), { message: problem }, rule)
  }
  const kinds = '*filter\n:GG_INPUT - [0:0]\n-A GG_INPUT -m addrtype --dst-type LOCAL,MULTICAST -j ACCEPT\nCOMMIT\n'
  t.throws(() => readIptables(kinds, 6), { message: /`LOCAL,MULTICAST` is nothing in IPv6/ }, 'the kernel takes it for what is both')
  t.ok(readIptables(kinds, 4))
  for (const text of ['*filter\n', '-A GG_INPUT -j DROP\n', '*filter\n:GG_X - [0:0]\n-A GG_Y -j DROP\nCOMMIT\n', '*strange\n:INPUT ACCEPT [0:0]\nCOMMIT\n', '*filter\n:GG_INPUT - [0:0]\n-A INPUT -s 10.0.0.1/32 -j GG_INPUT\nCOMMIT\n', '*filter\n:GG_INPUT - [0:0]\n-I INPUT 3 -j GG_INPUT\nCOMMIT\n']) {
    t.throws(() => readIptables(text, 4), { message: /^line \d+: / }, text)
  }
})

t.test('a rule of nft that is not understood is an error', async (t) => {
  for (const rule of [
    'ip saddr @friends accept', 'meta mark 1 accept', 'iifname "eth*" accept', 'ip saddr fd00::1 accept', 'icmp type ping accept', 'tcp dport https accept', 'reject with icmp nonsense', 'queue',
    'accept ip saddr 10.0.0.1', 'limit rate 5/minute burst 5 packets accept', 'goto nowhere', 'meta time < "tomorrow" accept', 'meta time > 1795174200 accept', 'ct state established,snat accept', 'tcp flags syn accept', 'update @other4 { ip saddr counter }',
    'ip saddr 10.0.0.1 accept comment', 'meta hour "08:00"-"09:00" accept', 'counter packets accept', 'ct mark set meta mark', 'add @rate_green4 { ip daddr limit rate 5/second burst 10 packets } accept',
  ]) {
    t.throws(() => readNft(`table inet greengate {\n\tchain input {\n\t\ttype filter hook input priority filter - 5; policy accept;\n\t\t${rule}\n\t}\n}\n`), { message: /^line 4: |which is not there/ }, rule)
  }
  for (const text of ['table inet other {\n}\n', 'delete table inet greengate\n', 'table inet greengate {\n\tmap x {\n\t}\n}\n', 'table inet greengate {\n\tset x {\n\t\ttype ipv4_addr\n\t\telements = { friends }\n\t}\n}\n', 'table inet greengate {\n', 'table inet greengate {\n\tchain x {\n\t\ttype filter hook ingress priority 0; policy accept;\n\t}\n}\n']) {
    t.throws(() => readNft(text), { message: /^line \d+: / }, text)
  }
})

t.test('what nft spells otherwise is the same rule', async (t) => {
  const read = (rule: string): string => plain(readNft(`table inet greengate {\n\tchain input {\n\t\ttype filter hook input priority -5; policy accept;\n\t\t${rule}\n\t}\n}\n`))
  t.equal(read('tcp dport { 25, 26 } accept'), read('tcp dport { 25,\n26 } accept # a remark'))
  t.equal(read('reject'), read('reject with icmpx type port-unreachable'))
  t.equal(read('ip saddr == 10.0.0.1 counter packets 5 bytes 7 drop'), read('ip saddr 10.0.0.1 drop'))
  t.equal(read('meta l4proto gre accept'), read('meta l4proto 47 accept'))
  t.not(read('ip saddr != 10.0.0.1 drop'), read('ip saddr 10.0.0.1 drop'))
})
