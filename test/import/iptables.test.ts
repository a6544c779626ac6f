// `iptables-save` text beside a policy: which rules the policy implies, which not and by which packet, what cannot be judged, and what no kernel
// loads. The printed rules of a policy, held beside the same policy, part from it nowhere.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { judgeText } from '../../src/import/iptables/judge.ts'
import type { Judged } from '../../src/import/iptables/judge.ts'
import { simulate } from '../../src/import/iptables/simulate.ts'
import { readIptables } from '../../src/import/iptables/text.ts'
import { shellWords } from '../../src/import/iptables/words.ts'
import { readBlocks } from '../../src/lists/blocks.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { printed } from '../firewall/cases.ts'

const OFFICE = readFileSync(join(import.meta.dirname, '..', '..', 'policies', 'office.yaml'), 'utf8')

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

function compiled(text: string, blocked = ''): CompiledPolicy {
  const { policy, diagnostics } = parsePolicy(text, 'office.yaml')
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics))
  return compilePolicy(policy, { lists: new Map(), blocks: new Map(policy.blocks.map(({ name }) => [name, readBlocks(blocked).entries])), machine: { addresses: [ip('127.0.0.1')], proxyPort: policy.gateway.proxy.port } })
}

const office = compiled(OFFICE)

function judge(lines: readonly string[], policy = office): readonly Judged[] {
  return judgeText(policy, readIptables([{ name: 'rules.v4', text: lines.join('\n') }]), Date.UTC(2026, 10, 20, 12))
}

/** One rule alone, in a filter table whose chains let the rest pass. */
function one(rule: string, policy = office): Judged {
  const found = judge(['*filter', rule.replace(/^-t (\w+) /, ''), 'COMMIT'].map((line) => (/^-t (\w+) /.exec(rule) !== null && line === '*filter' ? `*${/^-t (\w+) /.exec(rule)?.[1] ?? ''}` : line)), policy).find(({ line }) => line.text.startsWith('-A'))
  if (found === undefined) throw new Error(rule)
  return found
}

t.test('what the policy says of every packet that a rule decides', async (t) => {
  const table: readonly (readonly [rule: string, status: Judged['status'], why: RegExp])[] = [
    ['-A FORWARD -i eth0 -o eth1 -s 192.168.51.0/27 -p tcp -m multiport --dports 25,110 -j ACCEPT', 'implied', /says the same of all/],
    ['-A FORWARD -i eth0 -o eth1 -s 192.168.51.0/27 -p tcp -m multiport --dports 25,109,110 -j ACCEPT', 'not-implied', /tcp\/109/],
    ['-A FORWARD -i eth0 -o eth1 -s 192.168.51.0/26 -p tcp --dport 25 -j ACCEPT', 'not-implied', /192\.168\.51\.(3[2-9]|[456]\d).*accepts it, the policy drops it by `default`/],
    ['-A FORWARD -i eth0 -o eth1 -s 192.168.51.5 -p tcp --dport 25 -j ACCEPT', 'implied', /./],
    ['-A FORWARD -i eth0 -s 192.168.51.5 -p tcp --dport 24:26 -j ACCEPT', 'not-implied', /tcp\/2[46]/],
    ['-A FORWARD -i eth0 -p tcp --dport 1863 -j DROP', 'implied', /./],
    ['-A FORWARD -i eth0 -p tcp --dport 25 -j DROP', 'not-implied', /drops it, the policy accepts it by `mail`/],
    ['-A FORWARD -i eth0 -o eth1 -p udp --dport 443 -j REJECT', 'implied', /./],
    ['-A FORWARD -i eth0 -o eth1 -p udp --dport 443 -j DROP', 'implied', /though the policy rejects and the rule drops/],
    ['-A FORWARD -i eth1 -j ACCEPT', 'not-implied', /on eth1: the rule accepts it, the policy drops it/],
    ['-A FORWARD -i eth1 -j DROP', 'implied', /./],
    ['-A FORWARD ! -s 192.168.51.0/27 -i eth0 -p tcp --dport 25 -j DROP', 'implied', /./],
    ['-A INPUT -i eth0 -s 192.168.51.32/27 -p tcp --dport 800 -j ACCEPT', 'implied', /./],
    ['-A INPUT -i eth0 -p tcp --dport 800 -j ACCEPT', 'not-implied', /./],
    ['-A INPUT -i eth0 -m mac --mac-source 00:1A:2B:3C:4D:5E -p tcp -m multiport --dports 222,445 -j ACCEPT', 'implied', /./],
    ['-A INPUT -i eth0 -p tcp --dport 445 -j ACCEPT', 'not-implied', /./],
    ['-A INPUT -i eth0 -p udp --dport 67 --sport 68 -j ACCEPT', 'implied', /./],
    ['-A INPUT -i eth0 -p UDP --dport 53 -j ACCEPT', 'implied', /./],
    ['-A INPUT -i eth0 -p icmp --icmp-type echo-request -j ACCEPT', 'implied', /./],
    ['-A INPUT -i eth0 -p icmp --icmp-type timestamp-request -j ACCEPT', 'not-implied', /./],
    ['-A INPUT -i eth1 -p tcp --dport 22 -j ACCEPT', 'not-implied', /./],
    ['-A INPUT -i lo -j ACCEPT', 'implied', /loopback is open/],
    ['-A INPUT -i lo -j DROP', 'not-implied', /loopback is open/],
    ['-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT', 'implied', /replies/],
    ['-A INPUT -m conntrack --ctstate INVALID -j DROP', 'implied', /belong to no flow/],
    ['-A FORWARD -p tcp ! --syn -m conntrack --ctstate NEW -j DROP', 'implied', /begins no flow/],
    ['-A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP', 'unjudged', /as it begins|replies/],
    ['-A FORWARD -i eth0 -s 192.168.51.0/27 -p tcp --dport 25 -m limit --limit 5/min -j ACCEPT', 'implied', /./],
    ['-A FORWARD -i eth0 -s 192.168.51.0/27 -p tcp --dport 25 -m limit --limit 5/min -j DROP', 'unjudged', /a rate limit/],
    ['-A FORWARD -i eth0 -s 192.168.51.0/27 -p tcp --dport 25 -m string --algo bm --string "-j ACCEPT" -j DROP', 'unjudged', /what is in the packet/],
    ['-A FORWARD -i eth0 -s 192.168.51.0/27 -p tcp --dport 25 -m newmodule --new-option 5 -j DROP', 'unjudged', /--new-option/],
    ['-A OUTPUT -p tcp --dport 25 -j ACCEPT', 'implied', /./],
    ['-A OUTPUT -p tcp --dport 25 -m owner --uid-owner 33 -j DROP', 'unjudged', /the user who sends/],
    ['-A FORWARD -i ppp0 -j ACCEPT', 'unjudged', /neither green nor red/],
    ['-A FORWARD -i eth+ -j ACCEPT', 'not-implied', /./],
    ['-A FORWARD -i eth0 -j NFQUEUE --queue-num 1', 'unjudged', /a program decides/],
    ['-A FORWARD -i eth0 -j LOG --log-prefix "-j ACCEPT"', 'no-verdict', /LOG decides nothing/],
    ['-A FORWARD -i eth0 -s 10.9.9.9 -j ACCEPT', 'not-implied', /10\.9\.9\.9/],
    ['-A FORWARD -i eth0 -s 10.9.9.9 -j DROP', 'implied', /./],
    ['-t mangle -A PREROUTING -s 192.168.51.9 -p tcp --dport 25 -j DROP', 'not-implied', /./],
    ['-t mangle -A PREROUTING -s 192.168.51.40 -p tcp --dport 25 -j DROP', 'implied', /./],
    ['-t nat -A POSTROUTING -o eth1 -j MASQUERADE', 'implied', /red masquerades/],
    ['-t nat -A POSTROUTING -o eth0 -j MASQUERADE', 'not-implied', /eth1/],
    ['-t nat -A POSTROUTING -o eth1 -j SNAT --to-source 203.0.113.1', 'not-implied', /203\.0\.113\.1/],
    ['-t nat -A PREROUTING -i eth1 -p tcp --dport 80 -j DNAT --to-destination 192.168.51.9', 'not-implied', /lets the internet in/],
    ['-t nat -A PREROUTING -i eth0 -p tcp --dport 80 -j REDIRECT --to-ports 800', 'not-implied', /port 800/],
  ]
  for (const [rule, status, why] of table) {
    const got = one(rule)
    t.equal(`${got.status}: ${rule}`, `${status}: ${rule}`)
    t.match(got.why, why, rule)
  }
})

t.test('a rule is judged by the packets that get to it: jumps, returns, order', async (t) => {
  const judged = judge([
    '*filter', ':INPUT ACCEPT [0:0]', ':FORWARD DROP [12:345]', ':OUTPUT ACCEPT [0:0]', ':staff - [0:0]', ':unused - [0:0]',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '[3:180] -A FORWARD -i eth0 -o eth1 -s 192.168.51.0/24 -j staff', '-A FORWARD -i eth0 -o eth1 -p tcp --dport 25 -j ACCEPT',
    '-A staff -s 192.168.51.32/27 -j DROP', '-A staff ! -s 192.168.51.0/27 -j RETURN', '-A staff -p tcp --dport 25 -j ACCEPT', '-A staff -p tcp --dport 25 -j DROP', '-A unused -j ACCEPT', 'COMMIT',
  ])
  t.same(judged.map(({ line, status }) => `${line.origin.line} ${status}`), ['2 not-implied', '3 not-implied', '4 not-implied', '7 implied', '8 no-verdict', '9 not-implied', '10 implied', '11 no-verdict', '12 implied', '13 never', '14 never'])
  t.match(judged.find(({ line }) => line.origin.line === 9)?.why, /192\.168\.51\.\d+ .*accepts it, the policy drops it/, 'what comes back from the chain')
  t.match(judged.find(({ line }) => line.origin.line === 13)?.why, /^lines 9, 10, 12 decide/)
})

t.test('what no kernel loads is told with its mend', async (t) => {
  const table: readonly (readonly [rule: string, said: RegExp, mend: RegExp])[] = [
    ['-t mangle -A PREROUTING -s 192.168.51.9 -p tcp --dport 1863 -j REJECT', /REJECT is valid in the table filter alone/, /-j DROP/],
    ['-A INPUT -d lo -j DROP', /`-d lo` asks for a host called lo/, /-d 127\.0\.0\.0\/8/],
    ['-A INPUT -i eth0 -j REJECT --reject-with icmp-network-unreachable', /no answer that REJECT knows/, /icmp-net-unreachable/],
    ['-A INPUT -i eth0 -j REJECT--reject-with icmp-port-unreachable', /lacks a space/, /-j REJECT --reject-with/],
    ['-A INPUT -i eth0 -j REJECT --reject-with tcp-reset', /answers TCP alone/, /-p tcp/],
    ['-A OUTPUT -m mac --mac-source 00:1a:2b:3c:4d:5e -j DROP', /a MAC cannot be seen in OUTPUT/, /INPUT/],
    ['-A INPUT -m owner --uid-owner 0 -j DROP', /a user cannot be seen in INPUT/, /OUTPUT/],
    ['-A INPUT -o eth0 -j DROP', /`-o` is not valid in INPUT/, /-i/],
    ['-A OUTPUT -i eth0 -j DROP', /`-i` is not valid in OUTPUT/, /-o/],
    ['-t nat -A PREROUTING -i eth0 -j DROP', /not for filtering/, /filter/],
    ['-A INPUT -p tcp --dport 80 -j REDIRECT --to-ports 800', /valid in the table nat alone/, /-t nat/],
    ['-t nat -A PREROUTING -j MASQUERADE', /not valid in PREROUTING/, /POSTROUTING/],
    ['-A INPUT --dport 80 -j ACCEPT', /a port without its protocol/, /-p tcp/],
    ['-A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j ACCEPT', /more than 15 ports/, /two rules/],
    ['-A INPUT -p tcp --dport 70000 -j ACCEPT', /no port/, /65535/],
    ['-A INPUT -j NOSUCH', /neither a target nor a chain/, /-N NOSUCH/],
    ['-A INPUT -s pc7.office.example -j ACCEPT', /is a name/, /address/],
    ['-A INPUT -s 192.168.51.9,2001:db8::1 -j ACCEPT', /of the other family/, /ip6tables/],
    ['-A FORWARD -d eth1 -j ACCEPT', /is an interface/, /-o eth1/],
  ]
  for (const [rule, said, mend] of table) {
    const got = one(rule)
    t.equal(got.status, 'fault', rule)
    t.match(got.why, said, rule)
    t.match(got.hint, mend, rule)
  }
})

t.test('a script: variables, tables, policies, insertions, and what cannot be read', async (t) => {
  const text = readIptables([{ name: 'fw.sh', text: ['#!/bin/sh', 'IPT=/sbin/iptables', 'LAN="eth0"', 'IFACE= "eth0"', '$IPT -P FORWARD DROP', '$IPT -F', '$IPT -N mine', '$IPT -A mine -j ACCEPT', '/sbin/iptables -A FORWARD -i $LAN -p tcp --dport 25 -j mine # mail', '$IPT -I FORWARD -i ${LAN} -j DROP',
    'sudo ip6tables -A FORWARD -j DROP', '[ -x x ] && $IPT -t nat -A POSTROUTING -o eth1 -j MASQUERADE', '$IPT -A INPUT -i $IFACE -j ACCEPT', '$IPT -A INPUT -i $UNSET -p tcp --dport 9 -j ACCEPT', 'for IP in $LIST; do iptables -A INPUT -s $IP -j ACCEPT; done', 'echo iptables', '$IPT -A INPUT -m comment --comment "it\'s -j DROP" -j ACCEPT'].join('\n') }])
  t.same(text.rules.map(({ line, family, table, chain, target, faults }) => `${line.origin.line} ${family} ${table} ${chain} ${target?.kind ?? ''}${faults.length > 0 ? ' fault' : ''}`), [
    '8 4 filter mine accept', '9 4 filter FORWARD jump', '10 4 filter FORWARD drop', '11 6 filter FORWARD drop', '12 4 nat POSTROUTING translate', '13 4 filter INPUT  fault', '14 4 filter INPUT accept', '15 4 filter INPUT accept', '17 4 filter INPUT accept',
  ])
  t.same(text.unread.map(({ line }) => line.origin.line), [4, 16])
  const probe = { way: 'forward', inCard: 'eth0', outCard: 'eth1', from: ip('192.168.51.5'), to: ip('203.0.113.5'), protocol: 'tcp', port: 25 } as const
  t.same(simulate(text, probe).map(({ verdict }) => verdict), ['drop'], 'what is inserted comes first')
  t.same(shellWords('a "b \\"c\\" d" \'e f\' g\\ h "" # i'), ['a', 'b "c" d', 'e f', 'g h', ''])
})

t.test('the rules that a policy prints part from it nowhere, and it is seen when one of them is bent', async (t) => {
  for (const name of ['office', 'strict', 'school']) {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'policies', `${name}.yaml`), 'utf8').replace(/\nlists:[\s\S]*?\n\n/, '\n\n').replace(/\n.*list: \[.*/g, '').replace(/\ntests:[\s\S]*/, '\n')
    const blocked = '192.168.51.9\n10.20.1.7\n'
    const policy = compiled(text, blocked)
    const rules = printed(text, { now: Date.UTC(2026, 10, 20, 12), blocks: new Map(policy.policy.blocks.map((block) => [block.name, readBlocks(blocked).entries])), proxyUid: 13 })
    for (const format of ['iptables', 'ip6tables'] as const) {
      const lines = (rules.get(format) ?? '').split('\n')
      const judged = judge(lines, policy)
      t.same(judged.filter(({ status }) => status === 'not-implied' || status === 'fault').map(({ line, why }) => `${line.text}: ${why}`), [], `${name} ${format}`)
      t.ok(judged.filter(({ status }) => status === 'implied').length >= 10)
    }
    const bent = (rules.get('iptables') ?? '').split('\n').map((line) => line.replace('-j GG_SPOOF_GREEN', '-j ACCEPT').replace(/(gg:default-deny" )-j (?:DROP|REJECT.*)/, '$1-j ACCEPT'))
    t.ok(judge(bent, policy).some(({ status }) => status === 'not-implied'), `${name}: the default turned round`)
  }
})

t.test('nothing of the text rules the report, and long texts end', async (t) => {
  const chains = Array.from({ length: 200 }, (_, at) => `-A c${at} -j c${(at + 1) % 200}`)
  const judged = judge(['*filter', ':FORWARD DROP', ...Array.from({ length: 200 }, (_, at) => `:c${at} - [0:0]`), '-A FORWARD -j c0', ...chains, 'COMMIT'])
  t.equal(judged.filter(({ status }) => status === 'no-verdict').length, 201, 'a circle of chains')
  const began = performance.now()
  judge(['*filter', ':FORWARD DROP', ...Array.from({ length: 400 }, (_, at) => `-A FORWARD -s 192.168.51.${at % 250} -p tcp --dport ${at + 1} -j ACCEPT`), 'COMMIT'])
  t.ok(performance.now() - began < 60_000, `400 rules in ${Math.round(performance.now() - began)} ms`)
})
