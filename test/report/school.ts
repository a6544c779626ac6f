// A month of a school, made up: clients with their habits, lessons by day and hour, sites that some visit often and many rarely, what rules deny. The
// same seed, the same month. use: node test/report/school.ts REQUESTS store|events|squid FILE
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventLog } from '../../src/log/events.ts'
import { squidLine } from '../../src/log/squid.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { openStore } from '../../src/gateway/store-schema.ts'
import { StoreWriter } from '../../src/gateway/store-write.ts'

const CLIENTS = 500
const SITES = 4_000
const DAYS = 30
const BEGIN = Date.UTC(2026, 10, 1)
/** requests of an hour of a day with lessons, 0 to 23 */
const HOURS = [1, 1, 1, 1, 1, 2, 10, 60, 100, 95, 80, 100, 70, 60, 90, 50, 20, 8, 6, 5, 4, 3, 2, 1]
const TYPES = ['text/html', 'image/jpeg', 'image/png', 'application/javascript', 'text/css', 'application/json', 'video/mp4', 'font/woff2']
const TOPS = ['com', 'org', 'de', 'co.uk', 'net', 'example']
const GROUPS = ['Pupils', 'Pupils', 'Pupils', 'Pupils', 'Teachers', 'Office', 'Library']

/** mulberry32: small, and the same everywhere */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

function pick<T>(list: readonly T[], at: number, or: T): T {
  return list[Math.floor(at * list.length)] ?? or
}

/** In the order of time; `count` requests over the month. */
export function* schoolRecords(count: number, seed = 1): Generator<RequestRecord, void, undefined> {
  const roll = dice(seed)
  const weights: number[] = []
  for (let day = 0; day < DAYS; day++) {
    const weekday = new Date(BEGIN + day * 86_400_000).getUTCDay()
    for (let hour = 0; hour < 24; hour++) weights.push(weekday === 0 || weekday === 6 ? 1 : (HOURS[hour] ?? 0))
  }
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  let made = 0
  let due = 0
  for (const [hour, weight] of weights.entries()) {
    due += (weight / all) * count
    const now = Math.round(due) - made
    for (let at = 0; at < now; at++) yield one(BEGIN + hour * 3_600_000 + Math.floor((at / now) * 3_600_000), made++, roll)
  }
}

function one(time: number, number: number, roll: () => number): RequestRecord {
  const client = Math.floor(roll() ** 1.6 * CLIENTS)
  const group = GROUPS[client % GROUPS.length] ?? 'Pupils'
  // few sites have most of the requests, and each client has its own favourites
  const site = roll() < 0.6 ? Math.floor(roll() ** 9 * SITES) : (client * 37 + Math.floor(roll() ** 2 * 60)) % SITES
  const host = `${pick(['www', 'img', 'cdn', 'api'], roll(), 'www')}.site${site}.${TOPS[site % TOPS.length] ?? 'com'}`
  const tunnel = roll() < 0.6
  const denied = site % 40 === 7 || roll() < 0.004
  const failed = !denied && roll() < 0.01
  const size = Math.round(10 ** (2 + roll() * 4 + (roll() < 0.02 ? 2 : 0)))
  const rule = denied ? pick(['games', 'ads', 'no-numeric-hosts'], site / SITES, 'games') : 'web.default'
  return {
    id: `s-${number.toString(36)}`, time, client: `10.1.${client >> 8}.${client & 255}`, clientPort: 1024 + (number % 60_000), mac: undefined, group, method: tunnel ? 'CONNECT' : roll() < 0.9 ? 'GET' : 'POST',
    target: tunnel ? `${host}:443` : `http://${host}/${(number * 7919) % 5_000}`, host, port: tunnel ? 443 : 80, verdict: denied ? 'deny' : failed ? 'error' : 'allow', rule,
    place: { file: 'policies/school.yaml', line: 40 + rule.length, column: 7 }, reason: denied ? `the rule ${rule} denies it` : 'allowed by web.default', limit: undefined, observed: [], fault: denied ? 'policy' : failed ? 'upstream' : undefined,
    error: denied ? 'http_request_denied' : failed ? 'connection_refused' : undefined, addresses: ['203.0.113.5'], address: denied ? undefined : '203.0.113.5', status: denied ? 403 : failed ? 502 : roll() < 0.05 ? 304 : 200,
    contentType: tunnel || denied ? undefined : pick(TYPES, roll(), 'text/html'), userAgent: 'Mozilla/5.0 (X11; Linux x86_64)', serverName: undefined, ech: false, bytesIn: 300 + Math.floor(roll() * 900), bytesOut: denied ? 900 : size,
    duration: Math.round(10 ** (0.5 + roll() * 3) * 10) / 10, dns: undefined, dial: undefined, firstByte: undefined, reused: false, generation: 1, hash: 'school', worker: number & 1,
  }
}

async function main([count = '', kind = '', file = '']: readonly string[]): Promise<void> {
  const records = schoolRecords(Number(count))
  let line = ''
  const log = eventLog((text) => {
    line = text
  })
  if (kind === 'store') {
    const db = openStore(file)
    const writer = new StoreWriter(db, 'none')
    for (const record of records) {
      const { time, client, group = '-', host, rule, verdict, reason, method, contentType = '-', status, target, bytesIn, bytesOut, duration } = record
      writer.fact({ kind: 'request', time, client, group, host, rule, verdict, reason, method, type: contentType, status, target, bytesIn, bytesOut, duration }, '')
      if (writer.waiting > 20_000) writer.commit()
    }
    writer.commit()
    db.close()
    return
  }
  const out = createWriteStream(file)
  let batch = ''
  for (const record of records) {
    if (kind === 'squid') batch += `${squidLine(record)}\n`
    else {
      log.request(record)
      batch += line
    }
    if (batch.length < 1 << 20) continue
    if (!out.write(batch)) await once(out, 'drain')
    batch = ''
  }
  out.end(batch)
  await once(out, 'close')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
