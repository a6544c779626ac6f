// A name server for one test: the names it is given have an address, every other name does not exist. Real programs need real
// names, and the machine's hosts file is not ours to write.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'

export interface Names {
  /** as `gateway.resolvers` wants it */
  readonly address: string
  /** every name that was asked for */
  readonly asked: readonly string[]
  close(): void
}

const A = 1
const NXDOMAIN = 3

/** `names`: name → IPv4 address; `*.site.test` stands for every name below. */
export async function serveNames(names: Readonly<Record<string, string>>): Promise<Names> {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const question = readQuestion(query)
    if (question === undefined) return
    asked.push(question.name)
    socket.send(answer(query, question, lookUp(names, question.name)), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() }
}

function lookUp(names: Readonly<Record<string, string>>, name: string): string | undefined {
  const labels = name.split('.')
  for (let depth = 0; depth < labels.length; depth++) {
    const found = names[depth === 0 ? name : `*.${labels.slice(depth).join('.')}`]
    if (found !== undefined) return found
  }
  return undefined
}

interface Question {
  readonly name: string
  readonly type: number
  /** offset after the question */
  readonly end: number
}

/** RFC 1035 4.1.2: labels with their length, then type and class. */
function readQuestion(query: Buffer): Question | undefined {
  const labels: string[] = []
  let at = 12
  for (;;) {
    const length = query[at]
    if (length === undefined || length > 63) return undefined
    at += 1
    if (length === 0) break
    labels.push(query.toString('latin1', at, at + length).toLowerCase())
    at += length
  }
  return at + 4 > query.length ? undefined : { name: labels.join('.'), type: query.readUInt16BE(at), end: at + 4 }
}

function answer(query: Buffer, question: Question, address: string | undefined): Buffer {
  const head = Buffer.from(query.subarray(0, question.end))
  const records = address !== undefined && question.type === A && isIPv4(address) ? 1 : 0
  // a response, recursion available; a name that exists without a record of this type is an empty answer, not NXDOMAIN
  head.writeUInt16BE(0x8180 | (address === undefined ? NXDOMAIN : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records, 6)
  head.writeUInt32BE(0, 8)
  if (records === 0 || address === undefined) return head
  const record = Buffer.alloc(16)
  record.writeUInt16BE(0xc00c, 0) // the name of the question
  record.writeUInt16BE(A, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(60, 6)
  record.writeUInt16BE(4, 10)
  record.set(address.split('.').map(Number), 12)
  return Buffer.concat([head, record])
}
