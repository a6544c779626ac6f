// What mutation begins with: every octet that the wire cases send, and the answers of their origins, beside plain messages of each kind.
import { caseFiles } from '../files.ts'
import { stepsOf } from '../origin.ts'

const WORDS: Readonly<Record<string, string>> = { uri: 'http://a.test', origin: 'a.test', host: 'a.test', port: '80', place: '1', other: 'b.test', via: 'greengate' }
const LONGEST = 4096

const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, word: string) => WORDS[word] ?? whole)

export async function corpus(): Promise<{ readonly requests: readonly Buffer[]; readonly responses: readonly Buffer[] }> {
  const requests = new Set(['GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nabc', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'])
  const responses = new Set(['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\nabc', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200\r\n\r\nabc'])
  for (const { cases } of await caseFiles()) {
    for (const wire of cases) {
      const text = (steps: Parameters<typeof stepsOf>[0]): string => fill(stepsOf(steps).filter((step) => typeof step === 'string').join(''))
      requests.add(text(wire.send))
      for (const answer of wire.answers ?? []) responses.add(text(answer))
    }
  }
  const of = (texts: ReadonlySet<string>): Buffer[] => [...texts].filter((text) => text.length > 0 && text.length <= LONGEST).map((text) => Buffer.from(text, 'latin1'))
  return { requests: of(requests), responses: of(responses) }
}
