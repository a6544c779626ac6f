// What stands for a long time: events, WebSockets and tunnels. On the host `keep` no reload may end them; on `live` each edition that denies it must, and
// soon. Danger prevented: a reload that drops what it need not, and a tunnel that outlives the policy that allowed it.
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { piece } from './content.ts'
import { get, id36, tunnel } from './good.ts'
import type { Work } from './good.ts'
import { PORTS } from './stage.ts'
import { Wire } from './wire.ts'
import { must, never, sleep } from './world.ts'
import type { Mark } from './world.ts'

/** How long what a policy forbids may live on: a busy machine is given its time. */
const END_MS = 8_000
const BEAT_MS = 1_000
const QUIET_MS = 25_000

type What = 'events' | 'tunnel' | 'websocket'
type Host = 'keep' | 'live'

interface Standing {
  /** rejects when it is cut */
  beat(n: number): Promise<void>
  close(): void
}

async function openTunnel(work: Work, name: Host, key: (key: string) => void): Promise<Standing> {
  const wire = await Wire.open(work.world.stage.proxyPort, work.from)
  key(wire.key)
  try {
    await tunnel(wire, `${name}.soak.test:${PORTS.echo}`)
  } catch (error) {
    wire.destroy()
    throw error
  }
  return {
    async beat(n) {
      const sent = piece(n, 0, 100)
      wire.send(sent)
      never(!(await wire.take(100, 'an echo')).equals(sent), 'another echo')
    },
    close: () => wire.destroy(),
  }
}

async function openEvents(work: Work, name: Host, key: (key: string) => void): Promise<Standing> {
  const wire = await Wire.open(work.world.stage.proxyPort, work.from)
  const id = work.world.id()
  key(id36(id))
  try {
    wire.send(get(`http://${name}.soak.test:${PORTS.http}/${id36(id)}/events/1000000/${BEAT_MS}`))
    const head = await wire.through('\r\n\r\n', 10_000, 'the head of events')
    must(head.startsWith('HTTP/1.1 200 '), `events: ${head.slice(0, 40)}`)
  } catch (error) {
    wire.destroy()
    throw error
  }
  return {
    async beat(n) {
      const event = await wire.through('\n\n\r\n', 1_000, 'an event')
      never(!event.includes(`id: ${id}-${n}\n`), `event ${n} of ${id}: ${JSON.stringify(event)}`)
    },
    close: () => wire.destroy(),
  }
}

async function openSocket(work: Work, name: Host, key: (key: string) => void): Promise<Standing> {
  const id = work.world.id()
  key(id36(id))
  const url = `ws://${name}.soak.test:${PORTS.http}/${id36(id)}/ws`
  const socket = new WebSocket(url, {
    createConnection: () => connect({ port: work.world.stage.proxyPort, host: '127.0.0.1', localAddress: work.from }),
    finishRequest: (request) => {
      request.path = url.replace('ws:', 'http:')
      request.end()
    },
    handshakeTimeout: QUIET_MS,
  })
  let closed = false
  socket.on('close', () => (closed = true))
  await new Promise<void>((resolve, reject) => socket.on('open', () => resolve()).on('error', reject))
  return {
    async beat(n) {
      if (closed) throw new Error('the WebSocket is closed')
      const text = `beat ${n}`
      await new Promise<void>((resolve, reject) => {
        const gone = (): void => reject(new Error('the WebSocket is closed'))
        const timer = setTimeout(() => reject(new Error('no echo')), QUIET_MS)
        socket.once('close', gone)
        socket.once('message', (data) => {
          clearTimeout(timer)
          socket.off('close', gone)
          if (String(data) === text) resolve()
          else reject(new Error(`the echo ${String(data)} of ${text}`))
        })
        socket.send(text)
      })
    },
    close: () => socket.terminate(),
  }
}

const OPEN = { events: openEvents, tunnel: openTunnel, websocket: openSocket } as const

function denied(work: Work, name: Host): 'no' | 'yes' | 'perhaps' {
  if (name === 'keep') return 'no'
  const says = new Set(work.world.editions.map(({ live }) => live))
  return says.size > 1 ? 'perhaps' : says.has(true) ? 'yes' : 'no'
}

/** Opens one, lets it stand until it is ended or has stood long enough, and opens the next. */
export async function standing(work: Work, name: Host, what: What): Promise<void> {
  const { world, random } = work
  const kind = `standing ${what} on ${name}`
  const count = world.count(kind)
  while (!world.stopping) {
    if (denied(work, name) !== 'no') {
      await Promise.race([world.change(), sleep(1_000)])
      continue
    }
    const mark: Mark = world.mark()
    let key = ''
    let stands: Standing | undefined
    let deniedSince: number | undefined
    try {
      stands = await OPEN[what](work, name, (own) => (key = own))
      for (let n = 0, most = random.between(20, 300); n < most && !world.stopping; n++) {
        await stands.beat(n)
        if (denied(work, name) === 'yes') deniedSince ??= performance.now()
        else deniedSince = undefined
        never(deniedSince !== undefined && performance.now() - deniedSince > END_MS, `${kind}: outlived the policy that forbids it`)
        if (what !== 'events') await sleep(BEAT_MS)
      }
      count.done++
    } catch (error) {
      const ended = name === 'live' && !world.steady(mark)
      if (error instanceof Error && error.constructor.name === 'Wrong') world.finding(error.message)
      else if (ended) count.done++
      else if (!world.calm(mark)) count.cut++
      else world.finding(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      stands?.close()
      if (key !== '') world.asked(key, mark, stands === undefined ? 0 : 1, 1)
    }
    await sleep(200)
  }
}
