// What the plane decides without a kernel: which number a policy's flows bear, which session may confirm, and the one transaction from what is there
// to what is wanted.
import t from 'tap'
import { placesIn, preparePlaces } from '../../src/plane/places.ts'
import { newGeneration } from '../../src/plane/new-generation.ts'
import { join } from 'node:path'
import { parseFlow } from '../../src/kernel/conntrack.ts'
import { olderThan } from '../../src/kernel/tools.ts'
import { chooseGeneration, generationOfMark } from '../../src/plane/generations.ts'
import { canonicalIptables, iptablesChange, iptablesTidying, jumpsFirst, parseIptables } from '../../src/plane/iptables-text.ts'
import { canonicalNft, nftChange, nftTidying, parseNft } from '../../src/plane/nft-text.ts'
import { diffRules } from '../../src/plane/rule-diff.ts'
import { proveNew } from '../../src/plane/session.ts'

const flow = (generation: number): ReturnType<typeof parseFlow> =>
  parseFlow(`udp      17 29 src=192.168.51.5 dst=203.0.113.25 sport=5 dport=53 src=203.0.113.25 dst=203.0.113.1 sport=53 dport=5 mark=${generation * 2 ** 24 + 7} use=1`)
const flows = (...generations: readonly number[]): readonly NonNullable<ReturnType<typeof parseFlow>>[] => generations.flatMap((each) => flow(each) ?? [])

t.test('a generation that a flow bears, or a way back leads to, is not given to another meaning', async (t) => {
  t.equal(generationOfMark(254 * 2 ** 24 + 5), 254)
  t.match(chooseGeneration('b', 7, [['a', 3]], flows(7, 8), [9]), { generation: 10, cut: false, known: [['a', 3], ['b', 10]] })
  t.match(chooseGeneration('a', 7, [['a', 3]], flows(3), [3]), { generation: 3, cut: false }, 'the same meaning has the same one')
  t.match(chooseGeneration('b', 254, [], flows(254), []), { generation: 1 }, 'after the last comes the first')
  t.match(chooseGeneration('b', 3, [['a', 3]], [], []), { generation: 3, known: [['b', 3]] }, 'a number has one meaning')
  const all = Array.from({ length: 254 }, (_, index) => index + 1)
  t.match(chooseGeneration('b', 7, [['old', 20], ['newer', 30]], flows(...all), [7]), { generation: 20, cut: true }, 'where all are borne, the oldest one\'s flows go')
})

t.test('a session confirms when the kernel has its connection, and had not when the rules came', async (t) => {
  const text = '192.168.51.200 50000 192.168.51.254 22'
  const ends = '192.168.51.254 22 192.168.51.200 50000'
  const now = [{ ends, inode: '77', established: true }]
  t.same(proveNew(text, now, []), { ok: true, from: '192.168.51.200 port 50000' })
  t.match(proveNew(text, now, [`${ends} 77`]), { ok: false, problem: /older than the rules/ })
  t.match(proveNew(text, now, [`${ends} 76`]), { ok: true }, 'the same ends, another connection')
  t.match(proveNew(text, now, [`${ends} 0`]), { ok: false }, 'it waited to be accepted when the rules came')
  t.match(proveNew(text, [{ ends, inode: '77', established: false }], []), { ok: false, problem: /knows no open connection/ })
  t.match(proveNew('::ffff:192.168.51.200 50000 ::ffff:192.168.51.254 22', now, []), { ok: true })
  for (const bad of ['', 'a b c d', '192.168.51.200 0 192.168.51.254 22', '192.168.51.200 1 192.168.51.254 70000', `${text} 5`]) t.match(proveNew(bad, now, []), { ok: false, problem: /is no connection/ })
})

t.test('versions are compared as numbers', async (t) => {
  t.same([olderThan('1.0.6', '1.0.0'), olderThan('0.9.8', '1.0.0'), olderThan('1.8.9', '1.8.10'), olderThan('6.18.44-fc', '5.4'), olderThan('5.4', '5.4.1')], [false, true, true, false, true])
})

const SAVED = `# Generated
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j theirs
COMMIT
*filter
:INPUT ACCEPT [5:300]
:GG_INPUT - [0:0]
:GG_OLD - [0:0]
:theirs - [0:0]
[1:2] -A INPUT -s 198.51.100.1/32 -m comment --comment "-j GG_INPUT" -j DROP
-A INPUT -j GG_INPUT
-A INPUT -j GG_INPUT
-A GG_INPUT -j GG_OLD
-A theirs -j GG_OLD
COMMIT
`
const WANTED = '*filter\n:GG_INPUT - [0:0]\n:GG_NEW - [0:0]\n-I INPUT 1 -j GG_INPUT\n-A GG_INPUT -j GG_NEW\n-A GG_NEW -j DROP\nCOMMIT\n'

t.test('iptables: only ours is touched, our jump is put first and once, what others hold is not deleted', async (t) => {
  const live = parseIptables(SAVED)
  t.same(live.map(({ name }) => name), ['filter'], 'a table without anything of ours is none of ours')
  t.notOk(jumpsFirst(live))
  const change = iptablesChange(live, parseIptables(WANTED), true)
  t.equal(change, `*filter
:GG_INPUT - [0:0]
:GG_NEW - [0:0]
:GG_OLD - [0:0]
-D INPUT -j GG_INPUT
-D INPUT -j GG_INPUT
-I INPUT 1 -j GG_INPUT
-A GG_INPUT -j GG_NEW
-A GG_NEW -j DROP
COMMIT
`, 'GG_OLD is emptied; others lead to it')
  t.equal(iptablesTidying(live, parseIptables(WANTED)), '', 'nor is it tidied away')
  const placed = parseIptables(WANTED)
  t.ok(jumpsFirst(placed))
  t.notMatch(iptablesChange(placed, placed, true), /-D|-I/, 'a jump in its place stays')
  t.match(iptablesChange(placed, [], true), /-D INPUT -j GG_INPUT\n-X GG_INPUT\n-X GG_NEW\nCOMMIT/)
  t.notMatch(iptablesChange(placed, parseIptables(SAVED), false), /-X/, 'what is not wanted any more stays, empty, for the way back')
  t.equal(iptablesTidying(parseIptables(`${WANTED.replace('COMMIT', '')}:GG_X - [0:0]\nCOMMIT\n`), parseIptables(WANTED)), '*filter\n-X GG_X\nCOMMIT\n')
  t.equal(canonicalIptables(WANTED.replace('*filter\n', '*filter\n:GG_X - [0:0]\n')), canonicalIptables(WANTED), 'a chain that nobody uses decides nothing')
})

const table = (blocks: string): string => `table inet greengate {\n${blocks}}\n`
const CHAIN = '\tchain input {\n\t\ttype filter hook input priority filter - 5; policy accept;\n\t\tip saddr @clients counter name "gg-a" accept comment "gg:a"\n\t}\n'
const SET = '\tset clients {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 192.168.51.0/27,\n\t\t\t     192.168.51.64/27 }\n\t}\n'
const LEDGER = '\tset seen {\n\t\ttype ipv4_addr\n\t\tsize 65536\n\t\tflags dynamic,timeout\n\t\telements = { 10.0.0.1 timeout 1d expires 2h counter packets 3 bytes 4 }\n\t}\n'
const COUNTER = '\tcounter gg-a {\n\t\tpackets 5 bytes 6\n\t}\n'

t.test('nft: one transaction, never a deleted table; what packets put into a set is kept, what a policy put there is put there anew', async (t) => {
  const live = parseNft(table(`${COUNTER}\n${SET}\n${LEDGER}\n${CHAIN}\n\tchain old {\n\t\tdrop\n\t}\n`))
  const wanted = parseNft(table(`${COUNTER}\n${SET.replace('64/27', '96/27')}\n${LEDGER}\n${CHAIN}`))
  if (live === undefined || wanted === undefined) throw new Error('not read')
  const change = nftChange(live, wanted, true)
  t.match(change, /^add table inet greengate\nflush table inet greengate\ndelete chain inet greengate old\nflush set inet greengate clients\ntable inet greengate \{\n/)
  t.match(change, /192\.168\.51\.96\/27/)
  t.notMatch(change, /10\.0\.0\.1|delete table|flush set inet greengate seen/)
  t.notMatch(nftChange(live, wanted, false), /^delete/m, 'what is not wanted any more stays, empty, for the way back')
  t.equal(nftTidying(live, wanted), 'delete chain inet greengate old\n')
  const other = parseNft(table(`${COUNTER}\n${SET.replace('ipv4_addr', 'ipv6_addr')}\n${CHAIN}`))
  t.match(other === undefined ? '' : nftChange(live, other, false), /delete set inet greengate clients\n/, 'a set of another type is made anew')
  t.equal(canonicalNft(table(`${CHAIN}\n${SET}\n${COUNTER.replace('5', '9')}\n\tcounter gg-b {\n\t}\n\n\tchain empty {\n\t}\n`)), canonicalNft(table(`${COUNTER}\n${SET}\n${CHAIN}`)))
  t.not(canonicalNft(table(`${COUNTER}\n${SET.replace('64/27', '96/27')}\n${CHAIN}`)), canonicalNft(table(`${COUNTER}\n${SET}\n${CHAIN}`)))
})

t.test('of a long set the difference is what came and went, wherever nft breaks its lines', async (t) => {
  const set = (addresses: readonly string[]): string => table(`\tset clients {\n\t\ttype ipv4_addr\n\t\telements = { ${addresses.map((each, at) => (at % 2 === 1 ? `${each},\n\t\t\t    ` : `${each},`)).join(' ').replace(/,\s*$/, '')} }\n\t}\n\n${CHAIN}`)
  const all = Array.from({ length: 20_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`)
  t.same(diffRules({ nft: set(all) }, { nft: set(all) }), [])
  t.same(diffRules({ nft: set(['10.9.9.9', ...all.slice(1)]) }, { nft: set(all) }), [{ store: 'nft', part: 'set clients', lines: [{ side: 'policy', text: '10.0.0.0' }, { side: 'kernel', text: '10.9.9.9' }] }])
})

t.test('a flow that was sent elsewhere is known by where it went', async (t) => {
  const direct = parseFlow('tcp      6 431999 ESTABLISHED src=192.168.51.5 dst=203.0.113.25 sport=5 dport=25 src=203.0.113.25 dst=203.0.113.1 sport=25 dport=5 [ASSURED] mark=7 use=1')
  t.match(direct, { to: { text: '203.0.113.25' }, port: 25, reached: { text: '203.0.113.25' }, reachedPort: 25 })
  const moved = parseFlow('udp      17 29 src=192.168.51.5 dst=203.0.113.77 sport=5 dport=7000 src=203.0.113.25 dst=203.0.113.1 sport=5000 dport=5 mark=0 use=1')
  t.match(moved, { to: { text: '203.0.113.77' }, port: 7000, reached: { text: '203.0.113.25' }, reachedPort: 5000 })
  t.match(parseFlow('icmp     1 29 src=192.168.51.5 dst=203.0.113.25 type=8 code=0 id=9 src=203.0.113.25 dst=203.0.113.1 type=0 code=0 id=9 mark=0 use=1'), { reached: { text: '203.0.113.25' }, reachedPort: undefined, icmp: { type: 8 } })
})

t.test('of two applies that chose a number at once, the second does not bear the first one\'s', async (t) => {
  const places = placesIn(join(t.testdir({}), 'state'))
  t.equal(preparePlaces(places), undefined)
  const [first, second] = [await newGeneration(places, 'one', 5), await newGeneration(places, 'two', 5)]
  t.equal(first.generation, second.generation)
  await first.begin()
  await t.rejects(second.begin(), /another apply came between/)
  await (await newGeneration(places, 'two', 5)).begin()
})
