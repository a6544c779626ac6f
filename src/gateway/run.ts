// From the command line's wishes to a gateway that serves, and to its end: the order of start and of stop stands here. Danger prevented: a
// gateway that answers before its policy holds, or that says it serves before every worker listens.
import type { Privacy } from '../log/privacy.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import { transparentPort } from '../policy/transparent.ts'
import { visibleLines } from '../policy/visible.ts'
import { Gateway } from './gateway.ts'
import { tuneEngine } from './engine.ts'
import { inheritedSockets } from './inherited.ts'
import { hostPort, planListens, plannedHosts } from './listen-plan.ts'
import type { ListenPlan } from './listen-plan.ts'
import { loadForTraffic } from './load-apart.ts'
import type { LoadStep } from './load-apart.ts'
import { logKey } from './log-key.ts'
import { openLogs } from './logs.ts'
import type { Logs } from './logs.ts'
import { listeningSocket } from '../kernel/sockets.ts'
import { machineNow } from './machine.ts'
import type { Listen } from './messages.ts'
import { serveMetrics } from './metrics-server.ts'
import type { MetricsAddress } from './metrics-server.ts'
import { takePresence } from './presence.ts'
import { takeSignals } from './signals.ts'
import type { Keep } from './store-keep.ts'
import { Store } from './store.ts'

export interface RunOptions {
  readonly file: string
  readonly hosts: readonly string[]
  readonly port: number | undefined
  readonly workers: number
  readonly eventLog: string
  readonly accessLog: string | undefined
  readonly store?: string | undefined
  readonly keep: Keep
  /** what the logs may know of people */
  readonly privacy: Omit<Privacy, 'key'>
  readonly pidFile: string | undefined
  readonly metrics: MetricsAddress | undefined
  /** shows somebody who waits at a terminal how far the loading is */
  readonly watching: <T>(load: (step: LoadStep) => Promise<T>) => Promise<T>
  /** the release, for the startup line */
  readonly version: string
}

/** `policy`: it has errors; `failure`: the machine does not let us. */
export type RunEnd = { readonly kind: 'ended'; readonly code: number } | { readonly kind: 'policy' } | { readonly kind: 'failure' }

const FAILURE: RunEnd = { kind: 'failure' }

/** More than this waits for a reader of standard error that does not read: nothing is added. */
const MOST_UNREAD = 64 << 10

function complain(message: string): void {
  if (process.stderr.writableLength < MOST_UNREAD) process.stderr.write(visibleLines(`greengate: ${message}\n`))
}

function fail(message: string, hint: string | undefined): RunEnd {
  complain(hint === undefined ? message : `${message}\n  ${hint}`)
  return FAILURE
}

/** Sockets of systemd's are all that is listened on, save the one for what is caught: it comes beside the others. */
async function plan(sockets: readonly number[], hosts: ReturnType<typeof plannedHosts>, port: number, transparent: boolean): Promise<ListenPlan> {
  const names = sockets.map(listeningSocket)
  const lost = names.findIndex((name) => name === undefined)
  if (lost >= 0) return { ok: false, problem: { message: `descriptor ${sockets[lost] ?? 0} of LISTEN_FDS is no listening TCP socket`, hint: 'a socket unit needs `ListenStream=ADDR:PORT` and `Accept=no`' } }
  const catches = (at: number): boolean => transparent && names[at]?.port === transparentPort(port)
  const caught: readonly Listen[] = sockets.flatMap((fd, at) => (catches(at) ? [{ kind: 'inherited' as const, fd, transparent: true as const }] : []))
  if (transparent && caught.length === 0) {
    complain(`\`gateway.proxy.transparent\`: nothing listens for what is caught, which is then lost\n  a user may not open such a socket; let systemd do it: \`greengate firewall units\` prints the unit (ListenStream=${transparentPort(port)}, Transparent=yes)`)
  }
  const others = sockets.filter((_, at) => !catches(at))
  if (others.length === 0) {
    const planned = await planListens(hosts, port)
    return planned.ok ? { ...planned, listens: [...planned.listens, ...caught] } : planned
  }
  const used = names[sockets.indexOf(others[0] ?? -1)]?.port ?? port
  return { ok: true, port: used, listens: [...others.map((fd) => ({ kind: 'inherited' as const, fd })), ...caught] }
}

/** What may come while we start: it is kept until there is somebody to do it. */
interface Early {
  gateway: Gateway | undefined
  logs: Logs | undefined
  reload: boolean
  draining: boolean
}

export async function runGateway(options: RunOptions): Promise<RunEnd> {
  tuneEngine()
  let ended: (code: number) => void = () => {}
  const end = new Promise<number>((resolve) => {
    ended = resolve
  })
  const early: Early = { gateway: undefined, logs: undefined, reload: false, draining: false }
  const release = takeSignals({
    reload: () => {
      if (early.gateway === undefined) early.reload = true
      else void early.gateway.reload()
    },
    reopen: () => reopen(early.logs),
    drain: (why) => {
      early.draining = true
      const { gateway, logs } = early
      if (gateway === undefined) return ended(0)
      complain(`${why}: no new connections, what is under way may end; once more ends at once`)
      logs?.gateway('info', 'draining', `${why}: no new connections, what is under way may end`)
      void gateway.drain().then(() => ended(0))
    },
    end: (code) => ended(code),
  })
  try {
    const started = await begin(options, early, ended)
    if (started.kind !== 'started') return started
    if (early.reload) void started.gateway.reload()
    const code = await end
    started.leave()
    await started.gateway.stop()
    early.logs?.gateway('info', 'ended', 'the gateway ended')
    await early.logs?.end()
    return { kind: 'ended', code }
  } finally {
    release()
  }
}

function reopen(logs: Logs | undefined): void {
  for (const problem of logs?.reopen() ?? []) complain(`a log cannot be opened anew, the old file goes on: ${problem}`)
  logs?.gateway('info', 'log-reopened', 'log files opened anew')
}

function inheritedText(fd: number): string {
  const name = listeningSocket(fd)
  return name === undefined ? `descriptor ${fd}` : `${hostPort(name.address, name.port)} (from systemd)`
}

type Opened = { readonly logs: Logs } | { readonly problem: string; readonly hint: string }

async function openAll({ store: path, keep, privacy, ...options }: RunOptions, early: Early): Promise<Opened> {
  const store = path === undefined ? undefined : new Store({ path, keep }, {
    lost: (count) => early.logs?.storeLost(count),
    complain: (message, event) => {
      complain(message)
      early.logs?.gateway(event === 'store-well' ? 'info' : 'error', event, message)
    },
  })
  const problem = await store?.open()
  if (problem !== undefined) return { problem: `cannot open the store: ${problem}`, hint: 'choose another file: `--store FILE`' }
  try {
    const plain = privacy.client === 'full' && privacy.query === 'keep'
    const told = plain ? undefined : { ...privacy, key: privacy.client === 'hashed' ? logKey(path) : '' }
    const logs = openLogs({ ...options, privacy: told }, complain, store)
    early.logs = logs
    return { logs }
  } catch (error) {
    await store?.end()
    return { problem: `cannot open a log: ${error instanceof Error ? error.message : String(error)}`, hint: 'choose another file: `--event-log FILE|-|none`, `--access-log FILE`, `--store FILE`' }
  }
}

type Started = { readonly kind: 'started'; readonly gateway: Gateway; leave(): void } | RunEnd

async function begin(options: RunOptions, early: Early, ended: (code: number) => void): Promise<Started> {
  const metrics = options.metrics === undefined ? undefined : await serveMetrics(options.metrics, {
    state: () => (early.draining ? 'draining' : early.gateway?.state ?? 'starting'),
    figures: () => early.gateway?.figures(),
    names: () => early.gateway?.names ?? [],
  })
  if (metrics !== undefined && 'problem' in metrics) return fail(metrics.problem, 'choose another: `--metrics ADDR:PORT`')
  const sockets = inheritedSockets(process.env)
  const first = await options.watching((step) => loadForTraffic({ file: options.file, machine: machineNow(options.port ?? 0), before: [], traffic: false }, step))
  for (const diagnostic of first.diagnostics) process.stderr.write(`${renderDiagnostic(diagnostic)}\n`)
  if (!first.ok) return { kind: 'policy' }
  const policy = first.source.policy
  const hosts = plannedHosts(policy, options.hosts)
  const listens = await plan(sockets, hosts, options.port ?? policy.gateway.proxy.port, policy.gateway.proxy.transparent === true)
  if (!listens.ok) return fail(listens.problem.message, listens.problem.hint)

  const opened = await openAll(options, early)
  if ('problem' in opened) return fail(opened.problem, opened.hint)
  const { logs } = opened

  const workers = sockets.length > 0 ? 1 : options.workers
  const gateway = new Gateway({
    file: options.file, hosts: options.hosts, port: options.port, version: options.version, workers, listens: listens.listens, logs, complain,
    fatal: () => ended(1),
  }, first, machineNow(listens.port))
  const problem = await gateway.start()
  if (problem !== undefined) {
    await gateway.stop()
    return fail(`a worker cannot start: ${problem}`, undefined)
  }
  const presence = await takePresence(options.pidFile, listens.port, gateway)
  if (!presence.ok) {
    await gateway.stop()
    return fail(presence.problem, presence.hint)
  }
  early.gateway = gateway
  const where = listens.listens.map((each) => (each.kind === 'address' ? hostPort(each.host, each.port) : inheritedText(each.fd)))
  const line = `policy ${policy.name} (${options.file}), mode ${policy.mode}, generation ${gateway.generation}, listening on ${where.join(', ')}, ${workers} worker${workers === 1 ? '' : 's'}${metrics === undefined ? '' : `, metrics on ${metrics.where}`}, pid ${process.pid}`
  if (!logs.terminal) process.stderr.write(visibleLines(`greengate ${options.version}: ${line}\n`))
  if (presence.note !== undefined) complain(presence.note)
  logs.gateway('info', 'serving', line, {
    version: options.version, policy: policy.name, file: options.file, mode: policy.mode, generation: gateway.generation, hash: gateway.hash,
    listen: where, ...(metrics === undefined ? {} : { metrics: metrics.where }), port: listens.port, workers, pid: process.pid, ...(presence.pidFile === undefined ? {} : { pidFile: presence.pidFile }),
  })
  return { kind: 'started', gateway, leave: () => presence.leave() }
}
