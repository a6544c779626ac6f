// Two policies beside each other: what is told is what differs, all of it and nothing else, asked of packets drawn by chance.
import t from 'tap'
import { networkSet } from '../../src/net/network.ts'
import type { Side } from '../../src/proof/box.ts'
import { Chooser, seeded } from '../../src/proof/chooser.ts'
import { compareRulesets } from '../../src/proof/compare.ts'
import type { Change, Comparison } from '../../src/proof/compare.ts'
import { macNumber } from '../../src/proof/cuts.ts'
import { FirstPacket } from '../../src/proof/first-packet.ts'
import { modelOfRuleset } from '../../src/proof/from-ruleset.ts'
import type { Packet } from '../../src/proof/packet.ts'
import { addressWords, macWords, serviceWords } from '../../src/proof/sets-text.ts'
import { walk } from '../../src/proof/walk.ts'
import { routesTo, worldOf } from '../../src/proof/world.ts'
import { materialOf } from './material.ts'
import type { Material } from './material.ts'

const OPTIONS = { most: 1_000_000, draw: 1_000, seed: 1, keep: 0 }

function policy(rules: string, gateway = ''): Material {
  return materialOf(`version: 1
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: [ping]
${gateway}rules:
${rules}
`)
}

const BEFORE = policy('  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [tcp/25, tcp/110] }')

function compared(before: Material, after: Material, more: Partial<typeof OPTIONS> = {}): Comparison {
  return compareRulesets(before.ruleset, after.ruleset, worldOf(after.policy, []), { ...OPTIONS, ...more })
}

function words(comparison: Comparison, { box, ways, kind }: Change): string {
  const family = ways[0]?.family ?? 4
  const { space } = comparison
  const from = addressWords(box.source, family, space.sources[family].flatMap(({ of }) => of.pieces), [])
  const to = addressWords(box.destination, family, ways.flatMap((way) => space.destinationsOf(way)).flatMap(({ of }) => of.pieces), [['internet', networkSet([{ family: 4, first: 0x01000000n, last: 0xdfffffffn }])]])
  const services = serviceWords(box.service, family, space.services[family].flatMap(({ of }) => of.pieces))
  return `${kind}: ${services.join(' ')} from ${from.join(' ')}${macWords(box.mac).map((each) => ` ${each}`).join('')} to ${to.length > 3 ? 'internet' : to.join(' ')} via ${[...new Set(ways.map((way) => `${way.in}>${way.out}`))].join(' ')}`
}

function told(before: Material, after: Material): readonly string[] {
  const comparison = compared(before, after)
  t.equal(comparison.share, 1)
  return comparison.changes.map((change) => words(comparison, change)).sort()
}

t.test('a policy beside itself: nothing', async (t) => t.same(told(BEFORE, BEFORE), []))

t.test('ranges, not packets', async (t) => {
  t.same(told(BEFORE, policy('  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [tcp/25, tcp/110, tcp/143-145] }')), ['allowed: tcp/143-145 from 192.168.51.0/27 to internet via green0>red0'])
  t.same(told(BEFORE, policy('  - { name: mail, action: allow, from: 192.168.51.0/26, to: internet, services: [tcp/110] }')), [
    'allowed: tcp/110 from 192.168.51.32/27 to internet via green0>red0', 'denied: tcp/25 from 192.168.51.0/27 to internet via green0>red0',
  ])
  t.same(told(BEFORE, policy('  - { name: mail, action: allow, from: [192.168.51.0/27, "02:51:00:00:00:d1"], to: internet, services: [tcp/25, tcp/110] }')).filter((each) => !each.includes('fe80') && !each.includes('fd00')), [
    'allowed: tcp/25 tcp/110 from 192.168.51.32-192.168.51.253 192.168.51.255 02:51:00:00:00:d1 to internet via green0>red0',
  ])
  t.same(told(BEFORE, policy('  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [tcp/25, tcp/110] }', '  output: { action: drop }\n')).every((each) => each.startsWith('denied: ') && each.includes('via >')), true, 'what the gateway sends itself')
})

function inSide(side: Side, value: bigint | undefined): boolean {
  if (side === undefined) return true
  return value === undefined ? side.none === true : side.pieces.some(({ first, last }) => value >= first && value <= last)
}

function inChange({ box, ways }: Change, packet: Packet): boolean {
  return ways.some((way) => way.family === packet.family && way.hook === packet.hook && way.in === packet.in && way.out === packet.out) && inSide(box.source, packet.source.value) &&
    inSide(box.destination, packet.destination.value) && inSide(box.service, BigInt(packet.service)) && inSide(box.mac, packet.mac === undefined ? undefined : macNumber(packet.mac)) &&
    (box.uids === undefined || box.uids.has(packet.uid ?? -1)) && (box.sourcePorts === undefined || box.sourcePorts.has(packet.sourcePort))
}

t.test('all that differs is told, and nothing else', async (t) => {
  const after = policy(`  - { name: no, action: drop, from: 192.168.51.8/29, to: 203.0.113.0/24, services: any }
  - { name: mail, action: allow, from: [192.168.51.4-192.168.51.40, "02:51:00:00:00:d1"], to: [internet, 192.168.51.128/25], services: [tcp/20-30, dhcp, ping] }
  - { name: six, action: allow, from: green, to: "2001:db8::/32", services: [tcp/25, gre] }`, '  output: { action: drop }\n  proxy: { user: "13" }\n')
  const comparison = compared(BEFORE, after)
  const world = worldOf(after.policy, [])
  const [one, two] = [modelOfRuleset(BEFORE.ruleset), modelOfRuleset(after.ruleset)]
  const chooser = new Chooser(seeded(5))
  const { space } = comparison
  let differing = 0
  for (let count = 0; count < 120_000; count++) {
    const way = space.ways[count % space.ways.length]
    if (way === undefined) continue
    const packet = new FirstPacket(space, way, space.destinationsOf(way), chooser).whole()
    chooser.next()
    const exits = routesTo(world, packet.destination)
    if (exits.length === 0 || (way.hook !== 'input' && !exits.includes(way.out))) continue
    const [was, is] = [walk(one, packet).verdict === 'accept', walk(two, packet).verdict === 'accept']
    const holding = comparison.changes.filter((change) => inChange(change, packet))
    if (was !== is) differing += 1
    if (holding.length !== (was === is ? 0 : 1) || (holding[0] !== undefined && holding[0].kind !== (is ? 'allowed' : 'denied'))) {
      t.fail(`${packet.hook} ${packet.source.text} ${packet.mac ?? ''} → ${packet.destination.text} ${packet.service}: ${String(was)} → ${String(is)}, in ${holding.length}`)
      return
    }
  }
  t.ok(differing > 200, 'packets that differ were among them')
  for (const change of comparison.changes) t.ok(inChange(change, change.packet), 'the example is in its box')
})

t.test('what is too much is sampled', async (t) => {
  const comparison = compared(BEFORE, policy('  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [tcp/25] }'), { most: 200, draw: 20_000 })
  t.equal(comparison.cells, 200)
  t.equal(comparison.drawn, 20_000)
  t.ok(comparison.share < 1)
  t.ok(comparison.changes.some(({ kind }) => kind === 'denied'))
})
