// Rules that slow down, measured: POP3 at its rate in both directions while the neighbour goes as fast as before, the idle line that yields, and
// flows that follow a change of the rules. Real connections through both back ends and tc.
import t from 'tap'
import type { Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { BACKENDS } from './backends.ts'
import { printed } from './cases.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'
import type { Flow } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tc', 'awk'])
const RED = '203.0.113.25'
const RED6 = '2001:db8:113::25'
const HOSTS = [
  { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] },
  { name: 'h9', addresses: ['192.168.51.9/24', 'fd00:51::9/64'] },
]

const policy = (rules: string, green = '', red = ''): string => `version: 1
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"]${green} }
  red: { interface: red0${red} }
  admin: { mac: "02:51:00:00:00:ad" }
rules:
${rules}`

const POP3 = '  - { name: pop3, action: limit, rate: 50kB/s, from: green, to: internet, services: pop3 }\n'
const REST = '  - { name: rest, action: allow, from: green, to: internet, direct: true }\n'

function flow(port: number, way: 'down' | 'up' = 'down', host = RED): Flow {
  return { host, port, way }
}

/** From some seconds on, when every flow has found its pace, for some seconds. */
function span(after: number, seconds: number): readonly [number, number] {
  const from = Date.now() + after * 1000
  return [from, from + seconds * 1000]
}

function near(t: Test, rate: number | undefined, wanted: number, what: string): void {
  t.ok(rate !== undefined && Math.abs(rate / wanted - 1) <= 0.15, `${what}: ${rate} of ${wanted} octets a second`)
}

/** Octets that have left in the class: what is on the wire, retransmissions and heads included. */
function sent(stage: Stage, device: string, shapeClass: string): number {
  const text = stage.must('gw', `tc -s class show dev ${device}`)
  return Number(new RegExp(`class htb ${shapeClass} [^]*?Sent (\\d+) bytes`).exec(text)?.[1] ?? Number.NaN)
}

/** Octets a second that leave in the class between two instants. */
async function wire(stage: Stage, device: string, shapeClass: string, [from, to]: readonly [number, number]): Promise<number> {
  await sleep(from - Date.now())
  const [before, began] = [sent(stage, device, shapeClass), performance.now()]
  await sleep(to - Date.now())
  return Math.round((sent(stage, device, shapeClass) - before) / ((performance.now() - began) / 1000))
}

for (const backend of BACKENDS.map((each) => ({ ...each, way: each.name === 'nft' ? 'down' as const : 'up' as const }))) {
  t.test(backend.name, { skip, timeout: 180_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.flood('red', [110, 8000, 873])
    const load = (text: string): void => {
      const texts = printed(text)
      backend.load(stage, 'gw', texts)
      stage.must('gw', 'sh', texts.get('tc') ?? '')
    }

    await t.test('POP3 goes at its rate, down and up; the neighbour as before', async (t) => {
      load(policy(REST))
      const [before = 0] = await stage.flows('h9', [flow(8000)], span(1.5, 1.5))
      load(policy(POP3 + REST))
      // one way after the other: the acknowledgements of one flow would wait behind the other's octets
      for (const way of ['down', 'up'] as const) {
        const when = span(3, 4)
        const [[rate = 0], [other = 0], onWire] = await Promise.all([
          stage.flows('h5', [flow(110, way)], when), stage.flows('h9', [flow(8000, way)], when), wire(stage, way === 'down' ? 'green0' : 'red0', '4747:101', when),
        ])
        near(t, onWire, 50_000, `${way}, on the wire`)
        // what a program gets comes in lumps, as TCP mends what it lost
        t.ok(rate > 25_000 && rate < 57_500, `${way}, in the program: ${rate}`)
        t.ok(other > 20_000_000 && other > before * 0.3, `the neighbour, ${way}: ${other}, and ${before} without`)
      }
      t.ok(backend.counted(stage, 'gw', 'gg:limit:pop3') > 100, 'counted by the rule\'s name')
    })

    await t.test('one rate for all whom the rule meets, over both families', async (t) => {
      const when = span(3, 5)
      const [[one = 0, two = 0], [three = 0], onWire] = await Promise.all([
        stage.flows('h5', [flow(110), flow(110, 'down', RED6)], when), stage.flows('h9', [flow(110)], when), wire(stage, 'green0', '4747:101', when),
      ])
      near(t, onWire, 50_000, `all together, on the wire (${one}, ${two}, ${three})`)
      t.ok(one + two + three < 57_500, 'and in the programs')
    })

    await t.test('the idle line yields: alone it has all, beside others next to nothing', async (t) => {
      load(policy('  - { name: mirror, action: limit, priority: low, from: green, to: internet, services: rsync }\n' + REST, ', rate: 2MB/s', ', rate: 2MB/s'))
      near(t, (await stage.flows('h5', [flow(873)], span(2, 3)))[0], 2_000_000, 'alone')
      const when = span(5, 4)
      // the idle one first: beside a line that is full it may not even get its connection in time
      const idle = stage.flows('h5', [flow(873, backend.way)], when)
      await sleep(2_000)
      const [[low = 0], [other]] = await Promise.all([idle, stage.flows('h9', [flow(8000, backend.way)], when)])
      near(t, other, 2_000_000, `the other, ${backend.way}`)
      t.ok(low < 200_000, `the idle line, ${backend.way}: ${low}`)
    })

    // the mark and the queues are the same whoever prints them: once is enough
    if (backend.name === 'nft') await t.test('a running flow is slowed when a rule says so, and let go when it does no more', async (t) => {
      load(policy(REST))
      const when = span(5, 4)
      const running = stage.flows('h5', [flow(110)], when)
      await sleep(1500)
      load(policy(POP3 + REST))
      const [slowed = 0] = await running
      // TCP has much to mend after such a fall, and may get nothing through for seconds
      t.ok(slowed < 57_500, `slowed under way: ${slowed}`)
      t.ok(backend.counted(stage, 'gw', 'gg:limit:pop3') > 50)
      const freed = stage.flows('h5', [flow(110)], span(4.5, 2))
      await sleep(1500)
      load(policy(REST))
      const [rate = 0] = await freed
      t.ok(rate > 2_000_000, `let go under way: ${rate}`)
      t.notMatch(stage.must('gw', 'tc qdisc show'), / 4747:/, 'no queue is left')
    })
  })
}

t.test('queues of somebody else are left as they are, and what is wrong is told', { skip }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  await office(stage, HOSTS)
  const text = printed(policy(POP3 + REST)).get('tc') ?? ''
  stage.must('gw', 'tc qdisc replace dev red0 root handle 1: pfifo limit 7')
  const { code, err } = stage.exec('gw', 'sh', text)
  t.equal(code, 1)
  t.match(err, /red0 has queues of somebody else's/)
  t.match(stage.must('gw', 'tc qdisc show dev red0'), /pfifo 1: root .*limit 7p/)
  t.match(stage.must('gw', 'tc class show dev green0'), /4747:101 /, 'the other interface has its classes')
  stage.must('gw', 'tc qdisc delete dev red0 root')
  t.equal(stage.exec('gw', 'sh', text).code, 0)
  const handles = stage.must('gw', 'tc qdisc show dev green0')
  t.equal(stage.exec('gw', 'sh', text).code, 0)
  t.equal(stage.must('gw', 'tc qdisc show dev green0'), handles, 'loaded again, the queues are the ones that were there')
  t.equal(stage.exec('gw', 'sh', text.replaceAll('red0', 'red7')).code, 1)
})
