// What an apply, a watch and a status ask the kernel costs the same whatever else is in it: nft is never asked for a listing that makes it read
// every rule first. Beside 100,000 rules of iptables `nft list tables`, `list ruleset` and `list counters` take twelve seconds each (nft 1.0.6), and an apply
// of those took two minutes of them.
import t from 'tap'
import { Scratch } from '../../src/kernel/scratch.ts'
import type { Runner } from '../../src/kernel/tool.ts'
import { dropBroughtTables, rememberTables } from '../../src/plane/empty-tables.ts'
import { driftFrom } from '../../src/plane/drift.ts'
import { readOwn, tidyOwn, writeOwn } from '../../src/plane/own-kernel.ts'
import type { OwnRules } from '../../src/plane/own-rules.ts'
import { placesIn, preparePlaces } from '../../src/plane/places.ts'
import { readCounts } from '../../src/plane/usage.ts'
import { unable } from '../firewall/root.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft'])

const IPTABLES = '*filter\n:GG_FORWARD - [0:0]\n-I FORWARD 1 -j GG_FORWARD\n-A GG_FORWARD -s 10.9.9.9/32 -m comment --comment "gg:blocks:apps" -j DROP\nCOMMIT\n'
const NFT = `table inet greengate {
	counter blocks_apps {
		packets 0 bytes 0
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr 10.9.9.9 counter name "blocks_apps" drop
	}
}
`
/** Of one table by its name, of sets, or of chains: what nft asks the kernel for without its rules. */
const CHEAP = /^(?:-\w+ )*list (?:table \S+ \S+|chains|(?:set|map) \S+ \S+ \S+)$/

t.test('where no tool is installed that could ask, nothing is said to be there or gone', async (t) => {
  const missing: Runner = async () => ({ code: -1, out: '', err: 'not installed', missing: true })
  await t.rejects(readOwn(missing), /nft and iptables are not installed/)
  const alone: Runner = async (command) => (command === 'nft' ? { code: 1, out: '', err: 'Error: No such file or directory', missing: false } : missing(command, []))
  t.same(await readOwn(alone), {}, 'one of them can')
})

t.test('what nft is asked', { skip, timeout: 60_000 }, async (t) => {
  const scratch = await Scratch.open()
  if (scratch === undefined) return t.fail('no namespace')
  t.teardown(() => scratch.close())
  const places = placesIn(t.testdir({}))
  t.equal(preparePlaces(places), undefined)
  const asked: string[] = []
  const run: Runner = (command, args, input) => {
    if (command === 'nft' && args.includes('list')) asked.push(args.join(' '))
    return scratch.run(command, args, input)
  }
  const others = 'table inet other {\n chain gate { type filter hook forward priority 10; policy drop; }\n}\ntable ip filter {\n}\n'
  t.equal((await scratch.run('nft', ['-f', '-'], others)).code, 0)

  for (const rules of [{ iptables: IPTABLES }, { nft: NFT }] satisfies OwnRules[]) {
    const before = await readOwn(run)
    await rememberTables(run, places)
    await writeOwn(run, rules, false, before)
    await tidyOwn(run, rules)
    const live = await readOwn(run)
    t.ok('nft' in rules ? live.nft?.includes('10.9.9.9') : live.iptables?.includes('10.9.9.9'), 'it is there')
    t.equal(live.nft === undefined, !('nft' in rules), 'and of the other back end nothing')
    const { foreign, none } = await driftFrom(live, run)
    t.equal(none, false)
    t.match(foreign.map(({ where }) => where), ['nft inet other gate'], 'what others have there is seen')
    t.match([...(await readCounts(run))].map(([comment]) => comment), 'nft' in rules ? [] : ['blocks:apps'])
    await writeOwn(run, {}, true, live)
    await dropBroughtTables(run, places)
  }
  t.ok(asked.length > 20)
  t.same(asked.filter((each) => !CHEAP.test(each)), [])
})
