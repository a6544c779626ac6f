// What gives a tunnel's far end away, and what does not: each sign by itself, in points; and what is kept from day to day.
import t from 'tap'
import type { SeenRequest } from '../../src/log/seen.ts'
import { isRandomName } from '../../src/report/random-name.ts'
import { isOneOwners } from '../../src/report/site.ts'
import { SUSPECT, beatOf, pointsOf, reasonsFor } from '../../src/report/suspect-score.ts'
import { readState, reasonsOfProbes, stateText, withProbe } from '../../src/report/suspect-state.ts'
import type { Kept, Probed } from '../../src/report/suspect-state.ts'
import { Destinations } from '../../src/report/suspect-sums.ts'
import { suspectsOf } from '../../src/report/suspects.ts'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const START = Date.UTC(2026, 10, 23, 8)

function seen(fields: Partial<SeenRequest> & Pick<SeenRequest, 'target'>): SeenRequest {
  return {
    time: START, client: '192.168.51.33', mac: undefined, group: undefined, method: fields.target.startsWith('http') ? 'GET' : 'CONNECT', verdict: 'allow', rule: 'web.default', observed: [], error: undefined, addresses: [],
    status: 200, contentType: undefined, userAgent: BROWSER, serverName: undefined, bytesIn: 600, bytesOut: 9000, duration: 100, ...fields,
  }
}

function score(all: readonly SeenRequest[]): number {
  const destinations = new Destinations()
  for (const one of all) destinations.add(one)
  const [to] = destinations.all.values()
  return to === undefined ? -1 : pointsOf(reasonsFor(to, { clients: destinations.clients.size, first: destinations.first, last: destinations.last }))
}

const many = (count: number, make: (at: number) => SeenRequest): readonly SeenRequest[] => Array.from({ length: count }, (_, at) => make(at))

t.test('ordinary use is below the line', async (t) => {
  const sites: Readonly<Record<string, readonly SeenRequest[]>> = {
    'a site in tunnels': many(40, (at) => seen({ target: 'www.example:443', serverName: 'www.example', time: START + at * at * 977 })),
    'a chat that stays open': [seen({ target: 'chat.example:443', serverName: 'chat.example', duration: 3_600_000, bytesIn: 200_000, bytesOut: 900_000 })],
    'a router by its number': many(9, (at) => seen({ target: `http://192.0.2.1/page${at}`, time: START + at * at * 3000 })),
    'packages': many(30, (at) => seen({ target: `http://deb.example/pool/${at}.deb`, userAgent: 'Debian APT-HTTP/1.3', bytesOut: 900_000, time: START + at * at * 100 })),
    'a form or two': many(4, (at) => seen({ target: `http://www.example/f${at}`, method: at === 3 ? 'POST' : 'GET', time: START + at * at * 5000 })),
    'a news page that reloads itself': many(30, (at) => seen({ target: 'news.example:443', serverName: 'news.example', time: START + at * 60_000 })),
    'an upload to a site': [seen({ target: 'files.example:443', serverName: 'files.example', bytesIn: 9_000_000, bytesOut: 20_000, duration: 90_000 })],
  }
  for (const [name, all] of Object.entries(sites)) t.ok(score(all) < SUSPECT, `${name}: ${score(all)}`)
})

t.test('tunnels are above it, each by its own signs', async (t) => {
  const tunnels: Readonly<Record<string, readonly SeenRequest[]>> = {
    'ssh through CONNECT': [seen({ target: 'home.example:443', userAgent: undefined, bytesIn: 50_000, bytesOut: 80_000, duration: 600_000 })],
    'what the gateway closed': [seen({ target: 'home.example:443', verdict: 'deny', rule: 'server-name', userAgent: undefined, status: 200 })],
    'polling by number': many(40, (at) => seen({ target: `http://203.0.114.9/gate.php?${at}`, method: at % 2 === 0 ? 'POST' : 'GET', bytesIn: 4000, bytesOut: 3000, time: START + at * 5000 })),
    'TLS to a number, for long': [seen({ target: '203.0.114.9:443', userAgent: undefined, bytesIn: 500_000, bytesOut: 800_000, duration: 900_000 })],
    'posts to a made-up name': many(20, (at) => seen({ target: `http://a8f3c9d2e1b4a7c6.example/x?${at}`, method: 'POST', userAgent: undefined, bytesIn: 3000, bytesOut: 500, time: START + at * 977 * at })),
  }
  for (const [name, all] of Object.entries(tunnels)) t.ok(score(all) >= SUSPECT, `${name}: ${score(all)}`)
})

t.test('a beat is found by most of the gaps, and not in bursts', async (t) => {
  t.ok(beatOf(many(20, () => seen({ target: 'a:443' })).map((_, at) => at * 30_000 + (at % 3) * 900)).share > 0.8)
  t.ok(beatOf([0, 100, 200, 60_000, 60_100, 190_000, 191_000, 400_000, 900_000]).share < 0.5)
  t.equal(beatOf([]).share, 0)
})

t.test('random-looking names and the names of people and clouds', async (t) => {
  for (const name of ['kjqzxwvbnmtr.example', 'a8f3c9d2e1b4a7c6.example', 'qx7k2m9p4z1w.dyn.example', 'zvtnqhplwk.com']) t.ok(isRandomName(name), name)
  for (const name of ['safebrowsing.googleapis.com', 'strengthsfinder.de', 'wirtschaftswoche.de', 'settings-win.data.microsoft.com', 'xn--bcher-kva.example', 'aus5.mozilla.org']) t.notOk(isRandomName(name), name)
  for (const name of ['github.io', 'co.uk', 's3.amazonaws.com', 'cloudfront.net', 'localhost']) t.notOk(isOneOwners(name), name)
  for (const name of ['example.co.uk', 'alice.github.io', 'cdn.example.org']) t.ok(isOneOwners(name), name)
})

const base = (answer: Probed['answer']): Probed => ({ url: 'http://h/', answer, detail: 'x' })

t.test('a good page lowers and absolves nobody; none on two days weighs most', async (t) => {
  const of = (...probes: readonly (readonly [day: string, answer: Probed['answer']])[]): number => {
    let kept: Kept | undefined
    for (const [day, answer] of probes) kept = withProbe(kept, { at: `2026-11-${day}T08:00:00.000Z`, base: base(answer) })
    return pointsOf(reasonsOfProbes(kept))
  }
  t.equal(of(), 0)
  t.equal(of(['23', 'closed']), 0, 'what was not asked says nothing')
  t.equal(of(['23', 'page']), -2)
  t.equal(of(['23', 'nothing']), 1)
  t.equal(of(['23', 'nothing'], ['23', 'garbage']), 1, 'twice on a day is once')
  t.equal(of(['23', 'nothing'], ['24', 'error']), 4)
  const destinations = new Destinations()
  destinations.add(seen({ target: 'home.example:443', userAgent: undefined, bytesIn: 50_000, bytesOut: 80_000, duration: 600_000 }))
  const state = new Map([['home.example', withProbe(undefined, { at: '2026-11-23T08:00:00.000Z', base: base('page') })]])
  t.equal(suspectsOf(destinations, state).suspects.length, 1, 'still on the list')
  t.same(suspectsOf(destinations, new Map([['home.example', { mark: 'innocent' as const }]])), { suspects: [], innocent: 1 })
})

t.test('the state is read as it was written, and damage is no empty state', async (t) => {
  const state = new Map<string, Kept>([['203.0.113.9', { mark: 'confirmed', note: 'no "page"\n' }], ['__proto__', { mark: 'innocent' }]])
  t.same([...readState(stateText(state))].length, 2)
  t.same(readState(stateText(state)).get('203.0.113.9'), state.get('203.0.113.9'))
  for (const text of ['', '{}', '{"version":2,"hosts":{}}', '[]', '{"version":1}']) t.throws(() => readState(text), text)
})

t.test('a million names are bounded, and what is lost is counted', async (t) => {
  const destinations = new Destinations()
  for (let at = 0; at < 200_050; at++) destinations.add(seen({ target: `n${at}.example:443` }))
  t.equal(destinations.all.size, 200_000)
  t.equal(destinations.lost, 50)
})
