// The live view without a terminal: what it counts, that each picture fits its screen to the column, and that no name rules it.
import t from 'tap'
import type { Fact } from '../../src/report/fact.ts'
import { Rates } from '../../src/report/rates.ts'
import { topFrame } from '../../src/report/top-frame.ts'

function fact(change: Partial<Fact>): Fact {
  return {
    kind: 'request', time: 0, client: '192.0.2.1', group: '-', host: 'www.example.com', rule: 'web.default', verdict: 'allow', reason: '', method: 'GET', type: 'text/html', status: 200,
    target: 'http://www.example.com/', bytesIn: 100, bytesOut: 900, duration: 5, ...change,
  }
}

t.test('what is older than the window is forgotten, and lists are by their requests', async (t) => {
  const rates = new Rates(10_000, 0)
  rates.add(fact({ client: 'old' }), 1_000)
  for (let at = 0; at < 20; at++) rates.add(fact({ client: `c${at % 3}`, host: at % 2 === 0 ? 'img.example.co.uk' : 'www.example.co.uk', verdict: at === 0 ? 'deny' : 'allow' }), 12_000)
  const picture = rates.picture(15_000)
  t.same(picture.clients.map(({ key, requests }) => [key, requests]), [['c0', 7], ['c1', 7], ['c2', 6]])
  t.same(picture.sites.map(({ key, requests }) => [key, requests]), [['example.co.uk', 20]])
  t.equal(picture.denials.length, 1)
  t.equal(picture.total.bytes, 20_000)
  t.equal(picture.seconds, 10)
})

t.test('a tunnel\'s rate is from one look to the next, a new one\'s since its begin', async (t) => {
  const rates = new Rates(10_000, 0)
  const tunnel = { id: 'a', client: '192.0.2.1', target: 'x.example:443', rule: 'r', since: 0, bytesIn: 0, bytesOut: 10_000 }
  rates.open([tunnel], 10_000)
  t.same(rates.picture(10_000).tunnels.map(({ perSecond }) => perSecond), [1_000])
  rates.open([{ ...tunnel, bytesOut: 14_000 }, { ...tunnel, id: 'b', since: 11_000, bytesOut: 500_000 }], 12_000)
  t.same(rates.picture(12_000).tunnels.map(({ perSecond, bytes }) => [perSecond, bytes]), [[500_000, 500_000], [2_000, 14_000]])
  rates.open([], 13_000)
  t.same(rates.picture(13_000).tunnels, [])
})

t.test('every picture fits its screen, whatever its size and whatever clients call themselves', async (t) => {
  const rates = new Rates(10_000, 0)
  for (let at = 0; at < 200; at++) rates.add(fact({ client: `192.0.2.${at}`, host: `${'\u001b[2J'}h${at}.${'x'.repeat(60)}.example`, verdict: at % 4 === 0 ? 'deny' : 'allow', target: `http://x/${'\u202e'}${'y'.repeat(at)}` }), 1_000)
  rates.open(Array.from({ length: 40 }, (_, at) => ({ id: String(at), client: '2001:db8::1', target: `t${at}.example:443`, rule: 'a-rule-with-a-name-that-is-long', since: 0, bytesIn: at, bytesOut: at * 1_000 })), 2_000)
  const picture = rates.picture(2_000)
  for (const columns of [1, 10, 40, 80, 99, 100, 101, 240]) {
    for (const rows of [1, 2, 3, 7, 24, 60]) {
      const frame = topFrame(picture, 'office', { columns, rows, colour: false })
      t.ok(frame.length <= rows, `${columns}x${rows}: ${frame.length} lines`)
      t.ok(frame.every((line) => line.length <= columns), `${columns}x${rows}`)
      t.notMatch(frame.join('\n'), /[\u001b\u202e]/)
    }
  }
  const colour = topFrame(picture, 'office', { columns: 120, rows: 40, colour: true }).join('\n')
  t.notMatch(colour.replace(/\u001b\[(?:0|1|2|31)m/g, ''), /\u001b/, 'no sequence but ours')
  t.match(colour, /Clients[\s\S]*Sites[\s\S]*Rules[\s\S]*Denied[\s\S]*Tunnels/)
})
