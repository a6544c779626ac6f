// What happened on the wire against what a case says must happen: a list of differences, empty where it is right.
import type { Arrives, Gets, Outcome, WireCase } from './case.ts'
import { parseResponses, type StrictRequest, type StrictResponse } from './strict.ts'
import type { Origin } from './origin.ts'
import type { Speaker } from './speaker.ts'

/** Never sent upstream, whatever a case says (RFC 9110 7.6.1, 11.7). */
const NEVER = ['proxy-authorization', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'http2-settings']

/** Never sent to a client, but what stands in a 101 (RFC 9110 7.6.1, 11.7). */
const NEVER_BACK = ['keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']

/** Made anew by each hop. */
const EACH_HOP = ['date', 'via', 'connection', 'content-length', 'transfer-encoding']

/** A cache may tell of itself. */
const PEERS_OWN = ['x-cache', 'x-cache-lookup', 'age', 'cache-status', 'warning']

export interface Seen {
  readonly client: Speaker
  readonly origin: Origin
  readonly wire: WireCase
  /** not ours: only what the RFC asks of everybody */
  readonly peer: boolean
  readonly fill: (text: string) => string
}

/** The client's side alone: its final answers, the 1xx before them, and what is behind them. */
export function answersOf({ client }: Seen, outcome: Outcome): { finals: StrictResponse[]; interim: number[]; rest: string; problem: string | undefined } {
  const methods = outcome.client.map((each) => each.to ?? 'GET')
  const { messages, problem, rest } = parseResponses(client.read, [...methods, 'GET', 'GET'], client.ended === 'fin')
  return {
    finals: messages.filter((each) => each.status >= 200 || each.status === 101),
    interim: messages.filter((each) => each.status < 200 && each.status !== 101).map((each) => each.status),
    rest: client.read.toString('latin1', rest),
    problem,
  }
}

export function differences(seen: Seen, outcome: Outcome): string[] {
  const found: string[] = []
  originSide(seen, outcome, found)
  clientSide(seen, outcome, found)
  if (outcome.end === 'closed' && seen.client.ended === undefined) found.push('the connection stays open')
  if (outcome.end === 'open' && seen.client.ended !== undefined) found.push(`the connection ended (${seen.client.ended})`)
  return found
}

function originSide({ origin, wire, fill, peer }: Seen, outcome: Outcome, found: string[]): void {
  if (wire.raw === true) {
    const octets = origin.connections.map((each) => each.read.toString('latin1')).join('')
    if (octets !== fill(outcome.raw ?? '')) found.push(`the origin read ${quoted(octets)} and not ${quoted(fill(outcome.raw ?? ''))}`)
    return
  }
  const { requests, problems, rest } = origin.seen()
  const { connections } = outcome
  if (connections !== undefined && (peer ? origin.connections.length < connections : origin.connections.length !== connections)) found.push(`${origin.connections.length} connections to the origin and not ${connections}`)
  if (outcome.up !== undefined && rest !== fill(outcome.up)) found.push(`the origin read ${quoted(rest)} behind the upgrade`)
  for (const problem of problems) found.push(`the origin got what is no request: ${problem}`)
  if (requests.length !== outcome.origin.length) found.push(`${requests.length} requests reached the origin and not ${outcome.origin.length}: ${requests.map((each) => `${each.method} ${each.target}`).join(', ')}`)
  for (const [at, wanted] of outcome.origin.entries()) {
    const request = requests[at]
    if (request !== undefined) arrived(request, wanted, fill, `request ${at + 1} at the origin`, found)
  }
}

function arrived(request: StrictRequest, wanted: Arrives, fill: (text: string) => string, what: string, found: string[]): void {
  const line = `${request.method} ${request.target} ${request.version}`
  if (line !== fill(wanted.line)) found.push(`${what} is ${quoted(line)} and not ${quoted(fill(wanted.line))}`)
  const lines = request.fields.map(([name, value]) => `${name}: ${value}`)
  const names = request.fields.map(([name]) => name.toLowerCase())
  if (!request.fields.some(([name, value]) => name.toLowerCase() === 'host' && value === fill('{origin}'))) found.push(`${what} has another Host: ${lines.join(' | ')}`)
  for (const name of [...NEVER, ...(wanted.lacks ?? [])]) if (names.includes(name)) found.push(`${what} has ${name}`)
  for (const each of wanted.has ?? []) if (!lines.includes(fill(each))) found.push(`${what} lacks ${quoted(fill(each))}: ${lines.join(' | ')}`)
  if (wanted.fields !== undefined) {
    const rest = lines.filter((_, at) => names[at] !== 'host' && names[at] !== 'via').join(' | ')
    const all = wanted.fields.map(fill).join(' | ')
    if (rest !== all) found.push(`${what} has the fields ${quoted(rest)} and not ${quoted(all)}`)
  }
  if (wanted.cut === true ? request.complete : !request.complete) found.push(`${what} is ${request.complete ? 'whole' : 'cut'}`)
  if (wanted.body !== undefined && request.body.toString('latin1') !== fill(wanted.body)) found.push(`${what} has the body ${quoted(request.body.toString('latin1'))}`)
}

function clientSide(seen: Seen, outcome: Outcome, found: string[]): void {
  const { finals, interim, rest, problem } = answersOf(seen, outcome)
  const { fill, client } = seen
  const tunnel = outcome.tunnel !== undefined
  if (problem !== undefined && !tunnel) found.push(`the client got what is no answer: ${problem}: ${quoted(client.read.toString('latin1'))}`)
  if (finals.length !== outcome.client.length) found.push(`${finals.length} answers and not ${outcome.client.length}: ${finals.map((each) => each.status).join(', ')}`)
  for (const [at, wanted] of outcome.client.entries()) {
    const answer = finals[at]
    if (answer !== undefined) got(answer, wanted, seen, `answer ${at + 1}`, found)
  }
  const last = finals.at(-1)
  // RFC 9112 9.6: a close is told before it comes
  if (!seen.peer && !tunnel && outcome.end === 'closed' && last !== undefined && last.status >= 200 && last.complete && !client.socket.writableEnded && finals.length === outcome.client.length && !/\r\nconnection: close\r\n/i.test(last.head)) {
    found.push('the close was not announced')
  }
  if (outcome.interim !== undefined && interim.join() !== outcome.interim.join()) found.push(`the interim answers ${interim.join()} and not ${outcome.interim.join()}`)
  if (tunnel && rest !== fill(outcome.tunnel ?? '')) found.push(`the client read ${quoted(rest)} in the tunnel`)
}

function got(answer: StrictResponse, wanted: Gets, { fill, peer, client }: Seen, what: string, found: string[]): void {
  const statuses = typeof wanted.status === 'number' ? [wanted.status] : wanted.status
  if (!statuses.includes(answer.status)) found.push(`${what} is ${answer.status} and not ${statuses.join(' or ')}`)
  const lines = answer.fields.map(([name, value]) => `${name}: ${value}`)
  const names = answer.fields.map(([name]) => name.toLowerCase())
  for (const each of wanted.has ?? []) {
    if (peer && /^(?:Proxy-Status|X-Greengate-[A-Za-z-]+):/.test(each)) continue
    const there = peer && each.includes('{via}') ? names.includes('via') : lines.includes(fill(each))
    if (!there) found.push(`${what} lacks ${quoted(fill(each))}: ${lines.join(' | ')}`)
  }
  const bare = answer.status === 101 || (wanted.to === 'CONNECT' && answer.status < 300)
  for (const name of [...(bare ? [] : NEVER_BACK), ...(wanted.lacks ?? [])]) if (names.includes(name)) found.push(`${what} has ${name}`)
  // RFC 9110 6.6.1
  if (!bare && !names.includes('date')) found.push(`${what} has no Date`)
  if (wanted.fields !== undefined) {
    const rest = lines.filter((_, at) => !EACH_HOP.includes(names[at] ?? '') && !(peer && PEERS_OWN.includes(names[at] ?? ''))).join(' | ')
    const all = wanted.fields.map(fill).join(' | ')
    if (rest !== all) found.push(`${what} has the fields ${quoted(rest)} and not ${quoted(all)}`)
  }
  if (wanted.reason !== undefined && answer.reason !== wanted.reason) found.push(`${what} has the reason ${quoted(answer.reason)} and not ${quoted(wanted.reason)}`)
  if (wanted.framing !== undefined && !peer && answer.framing !== wanted.framing) found.push(`${what} is framed by ${answer.framing} and not ${wanted.framing}`)
  const body = answer.body.toString('latin1')
  if (wanted.body !== undefined && body !== fill(wanted.body)) found.push(`${what} has the body ${quoted(body)}`)
  for (const each of wanted.says ?? []) if (!body.includes(fill(each))) found.push(`${what} does not say ${quoted(fill(each))}: ${quoted(body)}`)
  for (const each of wanted.hides ?? []) if (`${answer.head}${body}`.includes(fill(each))) found.push(`${what} shows ${quoted(fill(each))}`)
  // what only the close would end shows its cut by a reset
  if (wanted.cut === true ? answer.complete && client.ended !== 'rst' : !answer.complete) found.push(`${what} ${answer.complete ? 'looks whole' : 'is cut'}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}...` : text)
}
