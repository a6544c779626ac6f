// A hostile name server on loopback, UDP and TCP: aliases, loops, other answers the second time, cut and broken messages, wrong ids, answers
// to what nobody asked, silence. It counts what it was asked. Danger prevented: a guard that was only ever tried with answers that are well (RFC 1035 4.1).
import { createSocket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { parseIp } from '../../../src/net/ip.ts'

export interface Test {
  teardown(action: () => unknown): void
}

export type Kind = 'a' | 'aaaa'

/** A record of an answer; `address` makes A or AAAA by its form, `owner` is the question's name or the last alias unless given. */
export type Rr =
  | { readonly address: string; readonly ttl?: number; readonly owner?: string }
  | { readonly cname: string; readonly ttl?: number; readonly owner?: string }
  /** any type, octets as they are */
  | { readonly type: number; readonly data: Buffer; readonly ttl?: number; readonly owner?: string }

export interface Reply {
  readonly records?: readonly Rr[]
  /** NXDOMAIN 3, SERVFAIL 2, REFUSED 5 */
  readonly rcode?: number
  readonly delayMs?: number
  /** over UDP: cut, so that it must be asked again over TCP */
  readonly truncated?: boolean
  readonly silent?: boolean
  /** the id that it carries, in place of the question's; with `then` the right answer follows */
  readonly wrongId?: boolean
  /** the question that it repeats, in place of the one that was asked */
  readonly question?: string
  /** sent from another port than was asked */
  readonly fromElsewhere?: boolean
  /** these octets behind the id, in place of an answer */
  readonly raw?: Buffer
  /** sent after it */
  readonly then?: Reply
}

/** What a name is: the same for ever, or by how often that kind was asked (from 0). */
export type Zone = Reply | ((kind: Kind, turn: number, name: string) => Reply)

export interface HostileDns {
  readonly port: number
  /** `name kind`, in order */
  readonly asked: string[]
  /** of those, how many came over TCP */
  tcp(): number
  times(name: string, kind?: Kind): number
}

function labels(name: string): Buffer {
  if (name === '') return Buffer.from([0])
  return Buffer.concat([...name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')])), Buffer.from([0])])
}

function octetsOf(address: string): { readonly type: number; readonly data: Buffer } {
  const ip = parseIp(address)
  if (ip === undefined) throw new Error(`no address: ${address}`)
  return { type: ip.family === 4 ? 1 : 28, data: Buffer.from(ip.value.toString(16).padStart(ip.family === 4 ? 8 : 32, '0'), 'hex') }
}

function record(rr: Rr, owner: string): Buffer {
  const { type, data } = 'address' in rr ? octetsOf(rr.address) : 'cname' in rr ? { type: 5, data: labels(rr.cname) } : rr
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(rr.ttl ?? 60, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([labels(rr.owner ?? owner), fixed, data])
}

interface Question {
  readonly id: number
  readonly name: string
  readonly kind: Kind
  readonly octets: Buffer
}

function readQuestion(query: Buffer): Question {
  const parts: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    parts.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { id: query.readUInt16BE(0), name: parts.join('.'), kind: query.readUInt16BE(at + 1) === 28 ? 'aaaa' : 'a', octets: query.subarray(12, at + 5) }
}

function message(question: Question, reply: Reply, cut: boolean): Buffer {
  const id = (question.id + (reply.wrongId === true ? 1 : 0)) & 0xffff
  if (reply.raw !== undefined) return Buffer.concat([Buffer.from([id >> 8, id & 255]), reply.raw])
  const asked = reply.question === undefined ? question.octets : Buffer.concat([labels(reply.question), question.octets.subarray(-4)])
  let owner = question.name
  const records = (cut ? [] : reply.records ?? []).map((rr) => {
    const octets = record(rr, owner)
    if ('cname' in rr) owner = rr.cname
    return octets
  })
  const header = Buffer.alloc(12)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(0x8180 | (cut ? 0x200 : 0) | (reply.rcode ?? 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, asked, ...records])
}

/** Only the records of the kind that was asked, and the aliases. */
function forKind(reply: Reply, kind: Kind): Reply {
  const records = (reply.records ?? []).filter((rr) => !('address' in rr) || (kind === 'aaaa') === rr.address.includes(':'))
  return { ...reply, records, ...(reply.then === undefined ? {} : { then: forKind(reply.then, kind) }) }
}

export async function hostileDns(t: Test, zoneOf: Readonly<Record<string, Zone>> | ((name: string) => Zone | undefined), wanted = 0, host = '127.0.0.1'): Promise<HostileDns> {
  const udp = createSocket('udp4')
  const elsewhere = createSocket('udp4')
  const asked: string[] = []
  let overTcp = 0
  let open = true
  const find = (name: string): Zone | undefined => (typeof zoneOf === 'function' ? zoneOf(name) : zoneOf[name])
  const times = (name: string, kind: Kind = 'a'): number => asked.filter((each) => each === `${name} ${kind}`).length
  const replyTo = (question: Question): Reply => {
    const { kind } = question
    const name = question.name.toLowerCase()
    const turn = times(name, kind)
    asked.push(`${name} ${kind}`)
    const zone = find(name)
    if (zone === undefined) return { rcode: 3 }
    return forKind(typeof zone === 'function' ? zone(kind, turn, name) : zone, kind)
  }
  const over = (question: Question, reply: Reply, send: (octets: Buffer, reply: Reply) => void, cuts: boolean): void => {
    if (reply.silent === true) return
    const go = (): void => {
      if (open) send(message(question, reply, cuts && reply.truncated === true), reply)
      if (reply.then !== undefined) over(question, reply.then, send, cuts)
    }
    if (reply.delayMs === undefined) go()
    else setTimeout(go, reply.delayMs)
  }
  udp.on('message', (query, from: RemoteInfo) => {
    const question = readQuestion(query)
    over(question, replyTo(question), (octets, reply) => (reply.fromElsewhere === true ? elsewhere : udp).send(octets, from.port, from.address, () => {}), true)
  })
  const tcp = createServer((socket) => {
    let held = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const question = readQuestion(held.subarray(2, 2 + held.readUInt16BE(0)))
        held = held.subarray(2 + held.readUInt16BE(0))
        overTcp++
        over(question, replyTo(question), (octets) => socket.write(Buffer.concat([Buffer.from([octets.length >> 8, octets.length & 255]), octets])), false)
      }
    })
  })
  udp.on('error', () => {})
  elsewhere.on('error', () => {})
  // one number for both: TCP's, if UDP may have it too
  for (let tries = 0; ; tries++) {
    tcp.listen(wanted, host)
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    udp.bind(port, host)
    if (await Promise.race([once(udp, 'listening').then(() => true), once(udp, 'error').then(() => false)])) break
    if (tries === 20) throw new Error('no port that UDP and TCP both have')
    tcp.close()
  }
  elsewhere.bind(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  t.teardown(() => {
    open = false
    udp.close()
    elsewhere.close()
    tcp.close()
  })
  return { port: udp.address().port, asked, tcp: () => overTcp, times }
}
