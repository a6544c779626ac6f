// The hostile traffic: broken and ambiguous heads, smuggling, slow and endless heads, floods, random octets, aborts at any point, misbehaving origins. Each is
// answered by a refusal or a close, never by somebody's content, never by a fault of the gateway; and each answer has its record.
import { pieces } from './content.ts'
import { get, host, id36, isOwn, tunnel, withWire, WWW } from './good.ts'
import type { Kind, Work } from './good.ts'
import { ODD, ODD_CONTENT } from './odd-origin.ts'
import { PORTS } from './stage.ts'
import { Cut, Wire } from './wire.ts'
import type { Response } from './wire.ts'
import { must, never, sleep } from './world.ts'
import type { Mark } from './world.ts'

const REFUSALS = new Set([400, 403, 404, 405, 408, 413, 414, 417, 421, 426, 429, 431, 501, 502, 505])
const SITE = `www.soak.test:${PORTS.http}`
const EVIL = `GET http://${SITE}/smuggled HTTP/1.1\r\nHost: ${SITE}\r\nX-Smuggled: 1\r\n\r\n`
const POST = `POST ${WWW}/x HTTP/1.1\r\nHost: ${SITE}\r\n`

/** Heads that are none: each is refused. */
const MALFORMED: readonly string[] = [
  `GET ${WWW}/x HTTP/1.1\r\n\r\n`, `GET ${WWW}/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`, `GET ${WWW}/x HTTP/1.1\r\nHost : ${SITE}\r\n\r\n`,
  `GET ${WWW}/x HTTP/1.1\r\n Host: ${SITE}\r\n\r\n`, `GET ${WWW}/x HTTP/1.1\r\nHost: ${SITE}\r\nNo colon\r\n\r\n`, `GET ${WWW}/x HTTP/1.1\r\nHost: ${SITE}\r\nX: a\0b\r\n\r\n`,
  `GET ${WWW}/x HTTP/2.0\r\nHost: ${SITE}\r\n\r\n`, `GET ${WWW}/x\r\n\r\n`, `G@T ${WWW}/x HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`, `GET  ${WWW}/x HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`,
  `GET ftp://${SITE}/x HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`, `GET https://${SITE}/x HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`, `GET http://user:pass@${SITE}/x HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`,
  `GET http://www.soak.test:99999/x HTTP/1.1\r\nHost: x\r\n\r\n`, `CONNECT www.soak.test HTTP/1.1\r\nHost: x\r\n\r\n`, `CONNECT ${SITE}/x HTTP/1.1\r\nHost: x\r\n\r\n`,
  `CONNECT evil@${SITE} HTTP/1.1\r\nHost: x\r\n\r\n`, `CONNECT www.soak.test:+443 HTTP/1.1\r\nHost: x\r\n\r\n`, `CONNECT 0x7f.1:80 HTTP/1.1\r\nHost: x\r\n\r\n`, `GET /x HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n`,
  `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n`, `GET http://[::ffff:127.0.0.1]:${PORTS.http}/x HTTP/1.1\r\nHost: x\r\n\r\n`, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
]

/** Two readings of where a message ends: none of them may let the second one out. */
const SMUGGLING: readonly string[] = [
  `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`, `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${EVIL}`,
  `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${EVIL}`, `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${EVIL}`, `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${EVIL}`,
  `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${EVIL}`, `${POST}Content-Length: 0\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`, `${POST}Content-Length: +0\r\n\r\n${EVIL}`,
  `${POST}Content-Length: 0x0\r\n\r\n${EVIL}`, `${POST}Content-Length: 18446744073709551616\r\n\r\n${EVIL}`, `${POST}Content-Length: 1,1\r\n\r\n${EVIL}`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${EVIL}`, `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nXX\r\n0\r\n\r\n${EVIL}`, `${POST}Transfer-Encoding: chunked\r\n\r\n100000000\r\n\r\n${EVIL}`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n1\nX\n0\n\n${EVIL}`, `${POST}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`, `GET ${WWW}/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`,
  `CONNECT ${SITE} HTTP/1.1\r\nHost: ${SITE}\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
]

/** What the gateway says until it closes; each final response is one record. More requests than that it may have seen, and told, when we leave. */
async function refused(wire: Wire, work: Work, mark: Mark, what: string, unread = 0): Promise<void> {
  let answers = 0
  try {
    for (;;) {
      const answer: Response = await wire.response()
      answers++
      never(answer.status < 400, `${what}: answered ${answer.status} ${answer.body.toString('latin1', 0, 100)}`)
      must(REFUSALS.has(answer.status), `${what}: answered ${answer.status} ${answer.fields.get('proxy-status')}`)
      // refused by the policy, not for its form: the connection lives on
      if (answer.fields.get('connection') === 'close' || answer.status === 403) break
    }
  } catch (error) {
    if (!(error instanceof Cut)) throw error
  } finally {
    work.world.asked(wire.key, mark, answers, answers + unread)
  }
}

const malformed: Kind = (work, mark) => withWire(work, async (wire) => {
  const text = work.random.pick(MALFORMED)
  wire.send(text)
  if (work.random.chance(0.2)) wire.finish()
  await refused(wire, work, mark, `malformed ${JSON.stringify(text.slice(0, 80))}`, 1)
})

const smuggling: Kind = (work, mark) => withWire(work, async (wire) => {
  const text = work.random.pick(SMUGGLING)
  const cut = work.random.below(text.length)
  wire.send(text.slice(0, cut))
  if (work.random.chance(0.5)) await sleep(work.random.between(1, 50))
  wire.send(text.slice(cut))
  await refused(wire, work, mark, `smuggling ${JSON.stringify(text.slice(0, 160))}`, 1)
})

/** An octet now and then: the whole head has one deadline. */
const slowHead: Kind = (work, mark) => withWire(work, async (wire) => {
  const text = get(`${WWW}/x`, `X: ${'x'.repeat(500)}\r\n`)
  for (let at = 0; at < text.length && wire.ended === undefined && wire.waiting === 0; at++) {
    wire.send(text[at] ?? '')
    await sleep(work.random.between(50, 400))
  }
  must(wire.ended !== undefined || wire.waiting > 0, 'a slow head was waited for')
  await refused(wire, work, mark, 'slow head')
})

const endlessHead: Kind = (work, mark) => withWire(work, async (wire) => {
  wire.send(work.random.pick([`GET ${WWW}/x HTTP/1.1\r\n`, `GET ${WWW}/`, '\r\n', '']))
  for (let n = 0; n < 3_000 && wire.ended === undefined && wire.waiting === 0; n++) await wire.pour(Buffer.from(work.random.chance(0.5) ? `X-${n}: ${'y'.repeat(200)}\r\n` : 'z'.repeat(200)))
  await refused(wire, work, mark, 'endless head', 1)
})

/** Half a head and then nothing; or nothing at all, until we leave. */
const silent: Kind = (work, mark) => withWire(work, async (wire) => {
  const text = get(`${WWW}/x`)
  wire.send(text.slice(0, work.random.between(1, text.length - 1)))
  await refused(wire, work, mark, 'half a head', 1)
})

const idle: Kind = (work) => withWire(work, async (wire) => {
  await sleep(work.random.between(100, 6_000))
  if (work.random.chance(0.5)) wire.reset()
})

const randomOctets: Kind = (work, mark) => withWire(work, async (wire) => {
  wire.send(work.random.bytes(work.random.between(1, 3_000)))
  if (work.random.chance(0.5)) wire.finish()
  await refused(wire, work, mark, 'random octets', 1)
})

const oversized: Kind = (work, mark) => withWire(work, async (wire) => {
  const text = work.random.pick([get(`${WWW}/${'a'.repeat(40_000)}`), get(`${WWW}/x`, `X: ${'b'.repeat(70_000)}\r\n`), get(`${WWW}/x`, Array.from({ length: 300 }, (_, n) => `X${n}: y\r\n`).join('')), `${'M'.repeat(70_000)} / HTTP/1.1\r\n\r\n`])
  await wire.pour(Buffer.from(text))
  await refused(wire, work, mark, 'oversized', 1)
})

/** Many connections at once, most of them dropped at once: the limits hold, and the next client is served. */
const flood: Kind = async (work, mark) => {
  const count = work.random.between(60, 220)
  await Promise.all(Array.from({ length: count }, async () => {
    let wire: Wire | undefined
    try {
      wire = await Wire.open(work.world.stage.proxyPort, work.from)
      const id = work.world.id()
      if (work.random.chance(0.3)) return wire.reset()
      wire.send(get(`${WWW}/${id36(id)}/body/100`))
      if (work.random.chance(0.3)) {
        work.world.asked(id36(id), mark, 0, 1)
        return wire.reset()
      }
      const answer = await wire.response()
      work.world.asked(id36(id), mark)
      if (answer.status !== 429) isOwn(answer, id, 100)
      else must(answer.fields.has('retry-after'), '429 without Retry-After')
    } catch (error) {
      // what cannot be held is reset, and a flood may be
      if (!(error instanceof Cut) && !(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error
    } finally {
      wire?.destroy()
    }
  }))
}

/** Leaves in the midst of anything, in order or not. */
const abort: Kind = (work, mark) => withWire(work, async (wire) => {
  const { random, world } = work
  const id = world.id()
  const leave = async (): Promise<void> => {
    await sleep(random.below(150))
    if (random.chance(0.5)) wire.reset()
    else wire.destroy()
  }
  const kind = random.below(6)
  if (kind === 0) wire.send(get(`${WWW}/${id36(id)}/body/${4 << 20}`))
  else if (kind === 1) {
    const url = `${WWW}/${id36(id)}/upload`
    wire.send(`POST ${url} HTTP/1.1\r\nHost: ${host(url)}\r\n${random.chance(0.5) ? 'Transfer-Encoding: chunked' : `Content-Length: ${1 << 20}`}\r\n\r\n`)
    wire.send(random.bytes(10))
  } else if (kind === 2) wire.send(get(`http://slow.soak.test:${PORTS.http}/${id36(id)}/body/10`))
  else if (kind === 3) wire.send(get(`${WWW}/${id36(id)}/late/3000`))
  else if (kind === 4) {
    wire.send(`CONNECT raw.soak.test:${PORTS.echo} HTTP/1.1\r\nHost: x\r\n\r\n`)
    world.asked(wire.key, mark, 0, 1)
    for (const part of pieces(id, 200_000)) wire.send(part)
  } else {
    wire.send(`CONNECT secure.soak.test:${PORTS.https} HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01\x02`)
    world.asked(wire.key, mark, 0, 1)
  }
  if (kind < 4) world.asked(id36(id), mark, 0, 1)
  await leave()
})

/** What is no TLS where TLS is required; a hello that never comes to its end. */
const notTls: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, `secure.soak.test:${PORTS.https}`)
  wire.send(work.random.pick(['SSH-2.0-OpenSSH_9\r\n', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half', '\x16\x03\x01\xff\xff']))
  const { octets } = await wire.rest()
  work.world.asked(wire.key, mark)
  must(octets.length === 0, `a refused tunnel said ${octets.length} octets`)
})

let laterBusy = false

const odd: Kind = async (work, mark) => {
  const kind = work.random.pick(Object.keys(ODD))
  const later = kind === 'extra-later'
  // what a server says without being asked is, on a connection in use, an answer to anybody: so it is alone under its name, and waited for
  if (later && laterBusy) return
  if (later) laterBusy = true
  try {
    await withWire(work, async (wire) => {
      const id = work.world.id()
      wire.send(get(`http://${later ? 'odd-later' : 'odd'}.soak.test:${PORTS.odd}/${id36(id)}/${kind}`))
      let got: string
      try {
        const answer = await wire.response()
        if (answer.status === 200 && answer.fields.get('x-greengate-rule') === undefined) {
          never(answer.body.toString('latin1') !== ODD_CONTENT, `odd origin ${kind}: whole, with ${JSON.stringify(answer.body.toString('latin1', 0, 100))}`)
          got = 'whole'
        } else got = String(answer.status)
      } catch (error) {
        if (!(error instanceof Cut)) throw error
        got = 'cut'
      }
      work.world.asked(id36(id), mark)
      // a flood from the same address may have taken its places
      must(got === '429' || (ODD[kind] ?? []).map(String).includes(got), `odd origin ${kind}: ${got}`)
    })
    if (later) await sleep(400)
  } finally {
    if (later) laterBusy = false
  }
}

/** A tunnel full of octets whose reader takes none, then is gone. */
const stuffed: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, `raw.soak.test:${PORTS.echo}`)
  work.world.asked(wire.key, mark)
  wire.socket.pause()
  for (const part of pieces(7, 2 << 20)) wire.send(part)
  await sleep(work.random.between(200, 1_500))
})

export const HOSTILE_KINDS: Readonly<Record<string, readonly [perSecond: number, run: Kind]>> = {
  'malformed heads': [4, malformed],
  'smuggling': [3, smuggling],
  'slow heads': [0.5, slowHead],
  'endless heads': [0.2, endlessHead],
  'half heads': [0.5, silent],
  'idle connections': [1, idle],
  'random octets': [1, randomOctets],
  'oversized': [0.5, oversized],
  'floods': [0.1, flood],
  'aborts': [4, abort],
  'not TLS': [0.5, notTls],
  'odd origins': [3, odd],
  'stuffed tunnels': [0.3, stuffed],
}
