// Sums over readings: counters that go on, that begin anew after a restart or a load, and rules that leave; and the two tools' listings.
import t from 'tap'
import { readIptablesCounts, readNftCounts } from '../../src/firewall/counts.ts'
import type { Counts } from '../../src/firewall/counts.ts'
import { usageFrom, usageJson, withCountersAnew, withReading } from '../../src/firewall/usage.ts'
import type { Usage } from '../../src/firewall/usage.ts'

function counts(packets: Readonly<Record<string, number>>): Counts {
  return new Map(Object.entries(packets).map(([comment, each]) => [comment, { packets: each, bytes: each * 60 }]))
}

function told(usage: Usage): Readonly<Record<string, string>> {
  return Object.fromEntries([...usage.rules].map(([comment, { packets, bytes, last }]) => [comment, `${packets} ${bytes} ${last === undefined ? 'never' : `${last.from}-${last.to}`}`]))
}

t.test('readings add up, and say between which of them a rule was hit last', async (t) => {
  let usage = withReading(undefined, counts({ mail: 2, web: 0 }), 100, 'a')
  t.same(told(usage), { mail: '2 120 100-100', web: '0 0 never' })
  usage = withReading(usage, counts({ mail: 2, web: 3 }), 200, 'a')
  t.same(told(usage), { mail: '2 120 100-100', web: '3 180 100-200' })
  usage = withReading(usage, counts({ mail: 5, web: 3 }), 300, 'a')
  t.same(told(usage), { mail: '5 300 200-300', web: '3 180 100-200' })
})

t.test('counters that begin anew lose nothing: a restart, a lower number, a load', async (t) => {
  const first = withReading(undefined, counts({ mail: 5 }), 100, 'a')
  t.equal(told(withReading(first, counts({ mail: 7 }), 200, 'b'))['mail'], '12 720 100-200', 'another start of the machine, though the number is higher')
  t.equal(told(withReading(first, counts({ mail: 1 }), 200, 'a'))['mail'], '6 360 100-200', 'a number that fell')
  t.equal(told(withReading(withCountersAnew(first, new Map()), counts({ mail: 6 }), 200, 'a'))['mail'], '11 660 100-200', 'a load of iptables')
  t.equal(told(withReading(withCountersAnew(first, counts({ mail: 5 })), counts({ mail: 6 }), 200, 'a'))['mail'], '6 360 100-200', 'a load of nft, whose counters go on')
})

t.test('a rule that is not loaded now keeps what it had', async (t) => {
  const usage = withReading(withReading(undefined, counts({ mail: 5 }), 100, 'a'), counts({ web: 1 }), 200, 'a')
  t.same(told(usage), { mail: '5 300 100-100', web: '1 60 200-200' })
  t.same(told(withReading(usage, counts({ mail: 8 }), 300, 'a')), { mail: '8 480 200-300', web: '1 60 200-200' })
})

t.test('what is written is read again, and what is not ours begins anew', async (t) => {
  const usage = withReading(undefined, counts({ mail: 5, web: 0 }), 100, 'a')
  t.same(usageFrom(JSON.parse(JSON.stringify(usageJson(usage)))), usage)
  for (const strange of [undefined, 'x', {}, { boot: 'a', read: 1, rules: {} }, { boot: 1, read: 1, rules: [] }]) t.equal(usageFrom(strange), undefined)
  t.equal(usageFrom({ boot: 'a', read: 1, rules: [['mail', { packets: -0.5, bytes: 1, raw: {}, since: 1 }], 3] })?.rules.size, 0)
})

t.test('a rule of several lines is one rule, in either tool\'s listing', async (t) => {
  const saved = '[2:120] -A GG_GREEN -p tcp -m comment --comment "gg:rule:mail" -j ACCEPT\n[1:60] -A GG_GREEN -p udp -m comment --comment "gg:rule:mail" -j ACCEPT\n[9:9] -A INPUT -m comment --comment "gg:rule:mail" -j ACCEPT\n[4:4] -A GG_GREEN -m comment --comment gg:quiet -j DROP\n'
  t.same([...readIptablesCounts(saved)], [['rule:mail', { packets: 3, bytes: 180 }], ['quiet', { packets: 4, bytes: 4 }]])
  const json = JSON.stringify({ nftables: [{ metainfo: {} }, { counter: { name: 'gg-rule.a.b', packets: 1, bytes: 2 } }, { counter: { name: 'theirs', packets: 1, bytes: 2 } }] })
  t.same([...readNftCounts(json)], [['rule:a.b', { packets: 1, bytes: 2 }]])
})
