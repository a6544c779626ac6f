// One worker thread: its listeners, its snapshot of the policy, and the gate through which its exchanges reach both. Danger prevented: a
// request that begins under one policy and ends under another, and an open tunnel that a new policy forbids and nobody ends.
import { parentPort, workerData } from 'node:worker_threads'
import { Neighbours } from '../kernel/neighbours.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { atOnce } from '../decision/steps.ts'
import type { Steps } from '../decision/steps.ts'
import { serveCaught } from '../proxy/caught.ts'
import type { Gate, Inbound } from '../proxy/gate.ts'
import { serveConnection } from '../proxy/serve-connection.ts'
import { LimitCounters } from '../proxy/limits.ts'
import { listen } from '../proxy/listener.ts'
import type { Listener } from '../proxy/listener.ts'
import { poolOf } from '../proxy/pool.ts'
import { Resolver } from '../proxy/resolve.ts'
import { Roster } from '../proxy/roster.ts'
import { edgeWatch } from './edge-watch.ts'
import { collectSoon } from './engine.ts'
import { sourceSteps } from './load.ts'
import type { FromWorker, Listen, Live, ToWorker, WorkerStart } from './messages.ts'
import { outbox } from './outbox.ts'
import { LiveSet } from './live-set.ts'
import { unpackSource } from './packed.ts'
import { inSlices } from './slices.ts'
import { Tallying } from './tally.ts'

const LOOK_MS = 10
const MOST_LOOKS = 50
const COUNT_MS = 1_000

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')
const tell = (message: FromWorker): void => port.postMessage(message)

const start = workerData as WorkerStart
const proxyPort = start.live.machine.proxyPort

function* snapshotSteps({ source, machine, generation }: Live): Steps<Snapshot> {
  const compiled = yield* sourceSteps(yield* unpackSource(source), machine)
  return { compiled, generation, hash: source.hash }
}

function resolverOf(snapshot: Snapshot): Resolver {
  const { gateway, limits } = snapshot.compiled.policy
  return new Resolver({ servers: gateway.resolvers, timeoutMs: limits.dnsMs })
}

function resolverKey(snapshot: Snapshot): string {
  const { gateway, limits } = snapshot.compiled.policy
  return JSON.stringify([gateway.resolvers, limits.dnsMs])
}

let current = atOnce(snapshotSteps(start.live))
// the first policy and its tables would be held for ever
Reflect.deleteProperty(start, 'live')

const box = outbox({
  ...start,
  rates: () => current.compiled.policy.limits,
  send: (events, access, lost) => tell({ kind: 'lines', events, access, lost }),
  note: (message) => tell({ kind: 'note', message }),
})

let prepared: Snapshot | undefined
let resolver = resolverOf(current)
let draining = false
let listeners: readonly Listener[] = []
const open = new Roster<Inbound>()
const neighbours = new Neighbours()
const live = new LiveSet()

const gate: Gate = {
  snapshot: () => current,
  get resolver() {
    return resolver
  },
  limits: new LimitCounters(start.counters, start.worker),
  worker: start.worker,
  mac: (address) => neighbours.mac(address),
  record: (record) => {
    tallying.count(record, current.compiled)
    counting ??= setTimeout(tellCounts, COUNT_MS)
    box.record(record)
  },
  live,
  get draining() {
    return draining
  },
  port: proxyPort,
}

const tallying = new Tallying()
let counting: NodeJS.Timeout | undefined

function tellCounts(): void {
  clearTimeout(counting)
  counting = undefined
  const waiting = listeners.reduce((sum, each) => sum + each.waiting, 0)
  tell({ kind: 'counted', tally: tallying.take(), standing: { waiting, pool: poolOf(gate).idle, ...resolver.load } })
}

const edges = edgeWatch((now) => void live.rejudge(current, now))

function listenOn(where: Listen): Promise<Listener> {
  const options = where.kind === 'inherited' ? { fd: where.fd } : { host: where.host, port: where.port, reusePort: true }
  const serve = where.kind === 'inherited' && where.transparent === true ? serveCaught : serveConnection
  return listen(options, gate, (socket, each, limited) => {
    const inbound = serve(socket, each, limited)
    open.add(inbound)
    socket.on('close', () => {
      open.delete(inbound)
      if (draining) finish()
    })
    if (draining) inbound.drain()
  })
}

async function begin(): Promise<void> {
  try {
    listeners = await Promise.all(start.listens.map(listenOn))
    edges.follow(current)
    tell({ kind: 'listening' })
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

/** Counts what was asked for and what was taken back: a reload that failed is followed by another of the same generation, and its policy by another. */
let asked = 0

/** Between the requests: they go on meanwhile. */
async function prepare(next: Live): Promise<void> {
  const mine = ++asked
  try {
    const snapshot = await inSlices(snapshotSteps(next), () => mine === asked)
    if (snapshot === undefined || mine !== asked) return
    prepared = snapshot
    tell({ kind: 'prepared', generation: next.generation })
  } catch (error) {
    if (mine === asked) tell({ kind: 'refused', generation: next.generation, message: error instanceof Error ? error.message : String(error) })
  }
}

function abandon(): void {
  asked++
  prepared = undefined
}

/** From here on every new request sees the new policy; what is under way keeps its own, and is ended only where the new one forbids it. */
async function commit(generation: number): Promise<void> {
  if (prepared?.generation === generation) {
    const before = current
    current = prepared
    prepared = undefined
    if (resolverKey(before) !== resolverKey(current)) {
      const old = resolver
      resolver = resolverOf(current)
      // who waits for an answer still gets it
      setTimeout(() => old.close(), before.compiled.policy.limits.dnsMs + 1_000).unref()
    }
    edges.follow(current)
    await live.rejudge(current, Date.now())
  }
  tell({ kind: 'committed', generation })
}

/** The client's side of a tunnel may close before the other: its record comes with the last of both. */
let last: NodeJS.Timeout | undefined
let looks = 0

function finish(): void {
  if (open.size > 0 || last !== undefined) return
  last = setTimeout(() => {
    last = undefined
    if (open.size > 0 || (live.size > 0 && ++looks < MOST_LOOKS)) return finish()
    box.flush()
    tellCounts()
    tell({ kind: 'drained' })
  }, LOOK_MS)
}

function drain(): void {
  draining = true
  for (const listener of listeners) listener.close()
  for (const inbound of open.all()) inbound.drain()
  finish()
}

function cut(): void {
  draining = true
  for (const listener of listeners) listener.close()
  for (const inbound of open.all()) inbound.destroy()
  finish()
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'prepare') void prepare(message.live)
  else if (message.kind === 'commit') void commit(message.generation)
  else if (message.kind === 'abandon') abandon()
  else if (message.kind === 'collect') collectSoon()
  else if (message.kind === 'count') tellCounts()
  else if (message.kind === 'list-tunnels') tell({ kind: 'tunnels', tunnels: live.tunnels(start.privacy) })
  else if (message.kind === 'drain') drain()
  else cut()
})

void begin()
