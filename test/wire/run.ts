// Runs one case against one proxy: its own origin, its own client address, its own connection. Answers the differences; empty: it is right.
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Outcome, WireCase } from './case.ts'
import { answersOf, differences, type Seen } from './judge.ts'
import { PSEUDONYM } from '../../src/proxy/pseudonym.ts'
import { openOrigin, stepsOf } from './origin.ts'
import { Speaker, type Cut } from './speaker.ts'

/** Where the origins are: another for each process, so that two may run side by side. */
export const ORIGIN_NET = `127.77.${process.pid % 250}`

/** `inside`: within a CONNECT to port 80. */
export type Path = 'plain' | 'inside'

export interface Proxy {
  readonly host: string
  readonly port: number
}

export interface Way {
  readonly path: Path
  /** of the client, and of the origin */
  readonly cut: Cut
  readonly originCut: Cut
  /** number of the origin's name and address, 1 to 250; nobody else uses it meanwhile */
  readonly place: number
  /** the client's own address, 127.x.x.x */
  readonly from: string
  /** before another's proxy */
  readonly peer?: boolean
}

const SETTLE_MS = 15
const LOOK_MS = 4

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function hostsFile(): string {
  return Array.from({ length: 250 }, (_, at) => `${ORIGIN_NET}.${at + 1} o${at + 1}.test ${fixedName(at + 1)}\n`).join('') + '127.0.0.1 other.test\n'
}

/** A second name of the same origin: as long as the word that stands for it in a case, so that lengths round it hold. */
function fixedName(place: number): string {
  return `n${String(place).padStart(3, '0')}.test`
}

/** Is a case to be tried in this way at all? */
export function fits(wire: WireCase, path: Path): boolean {
  if (path === 'plain') return wire.path !== 'inside'
  return wire.path === 'inside' || (wire.path !== 'plain' && wire.raw !== true && stepsOf(wire.send).some((step) => typeof step === 'string' && step.includes('{uri}')))
}

export async function runCase(wire: WireCase, proxy: Proxy, way: Way, outcomes: readonly Outcome[] = [wire.expect, ...(wire.either ?? [])]): Promise<string[]> {
  const deadline = performance.now() + (wire.time ?? 4000)
  const host = `o${way.place}.test`
  let authority = host
  let port = 80
  const other = createServer((socket) => {
    reached++
    socket.destroy()
  })
  let reached = 0
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  // a trial that fails before its end holds up nobody
  other.unref()
  const words: Readonly<Record<string, () => string>> = {
    uri: () => (way.path === 'inside' ? '' : `http://${authority}`),
    origin: () => authority,
    host: () => host,
    port: () => String(port),
    place: () => String(way.place),
    net: () => ORIGIN_NET,
    fixname: () => fixedName(way.place),
    other: () => `other.test:${(other.address() as AddressInfo).port}`,
    via: () => PSEUDONYM,
  }
  // most of a large text is no word
  const fill = (text: string): string => !text.includes('{') ? text : text.replace(/\{(uri|origin|host|port|place|net|fixname|other|via)\}/g, (_, word: string) => words[word]?.() ?? '')
  const origin = await openOrigin({ host: `${ORIGIN_NET}.${way.place}`, port: way.path === 'inside' ? 80 : 0 }, wire, way.originCut, fill, deadline)
  port = origin.port
  if (way.path === 'plain') authority = `${host}:${port}`
  const client = new Speaker(connect({ ...proxy, localAddress: way.from, allowHalfOpen: true }), way.cut)
  const seen: Seen = { client, origin, wire, fill, peer: way.peer === true }
  try {
    if (way.path === 'inside' && !(await goInside(client, authority, deadline))) return [`no CONNECT to port 80: ${client.read.toString('latin1', 0, 200)}`]
    const sending = client.follow(stepsOf(wire.send), fill, deadline)
    const right = (): Outcome | undefined => outcomes.find((each) => differences(seen, each).length === 0)
    let looked = -1
    for (let done = false; !done && performance.now() < deadline; ) {
      const now = client.changes + origin.connections.reduce((sum, each) => sum + 1 + each.changes, 0)
      if (now !== looked) done = right() !== undefined
      looked = now
      if (!done) await pause(LOOK_MS)
    }
    // what should not come would come now
    const quiet = performance.now() + 1500
    while (!origin.quiet && client.ended === undefined && performance.now() < quiet) await pause(LOOK_MS)
    await pause(SETTLE_MS)
    const outcome = right()
    if (outcome === undefined) return differences(seen, outcomes[0] ?? wire.expect)
    if (reached > 0) return ['another origin was reached']
    if (outcome.end === 'closed' || outcome.tunnel !== undefined) return []
    await sending
    return await stillServes(seen, outcome, performance.now() + 4000)
  } finally {
    client.socket.destroy()
    origin.close()
    other.close()
  }
}

async function goInside(client: Speaker, authority: string, deadline: number): Promise<boolean> {
  client.socket.write(`CONNECT ${authority}:80 HTTP/1.1\r\nHost: ${authority}:80\r\n\r\n`)
  const opened = await client.until(() => client.read.includes('\r\n\r\n') || client.ended !== undefined, deadline)
  if (!opened || !client.read.toString('latin1').startsWith('HTTP/1.1 200 ')) return false
  client.forget()
  return true
}

/** The connection lives: one more request on it reaches the origin and is answered. */
async function stillServes(seen: Seen, outcome: Outcome, deadline: number): Promise<string[]> {
  const { client, origin, fill, peer } = seen
  const before = answersOf(seen, outcome).finals.length
  const connections = origin.connections.length
  client.socket.write(fill('GET {uri}/probe HTTP/1.1\r\nHost: {origin}\r\n\r\n'))
  const over = (): number => origin.connections.findIndex((each) => each.read.includes('GET /probe HTTP/1.1'))
  const done = await client.until(() => client.ended !== undefined || answersOf(seen, outcome).finals[before]?.complete === true, deadline)
  if (!done || client.ended !== undefined) return [`the connection serves no other request (${client.ended ?? 'silent'})`]
  const last = answersOf(seen, outcome).finals[before]
  if (over() < 0) return ['the next request did not reach the origin']
  if (last?.status !== 200 || last.body.toString('latin1') !== 'ok') return [`the next request got another's answer: ${client.read.toString('latin1').slice(-300)}`]
  if (outcome.next === 'fresh' && over() < connections) return ['the next request went over the same connection to the origin']
  if (outcome.next === 'same' && over() >= connections && !peer) return ['the next request went over another connection to the origin']
  return []
}
