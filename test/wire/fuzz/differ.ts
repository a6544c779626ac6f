// The differential: the same octets to our engine and to llhttp. What llhttp refuses ours refuses; what both accept means the same; and every cut into
// reads gives what the whole gives.
import { KNOWN_METHODS, theirReading } from './llhttp.ts'
import { ourReading } from './ours.ts'

/** What is wrong, or undefined. `method`: of the request that these responses answer; absent: they are requests. */
export function difference(bytes: Buffer, method?: string): string | undefined {
  const ours = ourReading(bytes, bytes.length, method)
  for (const cut of [1, 3]) {
    const parts = ourReading(bytes, cut, method)
    if (JSON.stringify(parts) !== JSON.stringify(ours)) return `cut by ${cut}: ${JSON.stringify(parts)} and whole: ${JSON.stringify(ours)}`
  }
  // RFC 9110 9.1 leaves methods open; llhttp has a table
  if (ours.messages.some((each) => each.method !== '' && !KNOWN_METHODS.has(each.method))) return undefined
  const theirs = theirReading(bytes, method)
  for (const [at, mine] of ours.messages.entries()) {
    const other = theirs.messages[at]
    // a trailer is no part of the head (wire rule 8): llhttp lets `Connection: close` in one end a connection that its head kept
    if (other === undefined && theirs.refused === 'HPE_CLOSED_CONNECTION' && theirs.messages[at - 1]?.keepAlive === true) return undefined
    if (other === undefined) return mine.complete || ours.refused === undefined ? `llhttp has no message ${at + 1} (${theirs.refused}); ours: ${JSON.stringify(mine)}` : undefined
    const head = JSON.stringify([mine.method, mine.target, mine.status, mine.minor, mine.fields])
    const theirHead = JSON.stringify([other.method === '' ? mine.method : other.method, other.target, other.status, other.minor, other.fields])
    if (head !== theirHead) return `read differently: ours ${head}, llhttp ${theirHead}`
    if (mine.last) return undefined
    if (other.upgrade && method === undefined) {
      // llhttp hands over at an Upgrade; ours reads on by the framing, as a forwarder does that strips it
      return undefined
    }
    if (mine.complete && !other.complete) return `llhttp did not end message ${at + 1} (${theirs.refused})`
    if (mine.complete && mine.body !== other.body) return `another body: ours ${JSON.stringify(mine.body)}, llhttp ${JSON.stringify(other.body)}`
    if (!mine.complete && !other.body.startsWith(mine.body) && !mine.body.startsWith(other.body)) return `another body so far: ours ${JSON.stringify(mine.body)}, llhttp ${JSON.stringify(other.body)}`
    if (!mine.complete && other.complete && ours.refused === undefined) return `llhttp ended message ${at + 1}, ours waits`
    // what stands behind a close, or behind an answer, is nobody's
    if (mine.complete && !mine.keepAlive) return undefined
    if (mine.complete && method !== undefined && mine.status >= 200) return undefined
  }
  if (theirs.refused === undefined || ours.refused !== undefined) return undefined
  // a head or a body that is not whole is not accepted yet
  const tail = ours.messages.at(-1)
  const waiting = tail === undefined || !tail.complete || theirs.messages.length <= ours.messages.length
  return waiting ? lateRefusal(bytes, theirs.at, theirs.refused, method) : `llhttp refuses (${theirs.refused}), ours does not`
}

/** llhttp refused where ours still waits: ours must refuse as well before the message is whole, whatever follows. */
function lateRefusal(bytes: Buffer, at: number, code: string, method: string | undefined): string | undefined {
  const ends = ['\r\n\r\n', '\r\n\r\n0\r\n\r\n', 'a\r\n\r\n', '\n\r\n\r\n', ': a\r\n\r\n', ' HTTP/1.1\r\nHost: a\r\n\r\n']
  const before = ourReading(bytes.subarray(0, at), bytes.length, method).messages.filter((each) => each.complete).length
  for (const end of ends) {
    const more = ourReading(Buffer.concat([bytes, Buffer.from(end, 'latin1')]), bytes.length + end.length, method)
    if (more.refused === undefined && more.messages.filter((each) => each.complete).length > before && more.messages.every((each) => each.method === '' || KNOWN_METHODS.has(each.method))) {
      return `llhttp refuses (${code}) at ${at}, ours accepts when ${JSON.stringify(end)} follows: ${JSON.stringify(more.messages.at(-1))}`
    }
  }
  return undefined
}
