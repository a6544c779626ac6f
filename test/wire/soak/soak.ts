// The soak: the real gateway before sites and names of our own, mixed real and hostile traffic, reloads, rotations and kills, for as long as asked; then
// silence, and the question whether anything is left. Dangers prevented: what no test of a minute shows, that is a descriptor, a timer, a count or
// some kilobytes lost with each reload, each dead worker, each client that left badly.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '../../../certs/make.ts'
import { Child } from './children.ts'
import type { Said } from './children.ts'
import type { ClientStart } from './clients.ts'
import { Random } from './content.ts'
import { judge, resources, told } from './flat.ts'
import type { Check, Sample } from './flat.ts'
import { GatewayProcess } from './gateway-process.ts'
import { Ledger, Tail } from './ledger.ts'
import type { Line } from './ledger.ts'
import { measure } from './measure.ts'
import { bigList, edition, policyText } from './stage.ts'
import type { Edition, Stage } from './stage.ts'
import type { Counts, ToClient } from './world.ts'
import { sleep } from './world.ts'
import { turns } from '../../../src/gateway/coalesce.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  readonly workers: number
  /** of the traffic's rates */
  readonly scale: number
  /** also judge the trend of memory; a run of seconds has none */
  readonly trend: boolean
  readonly say: (line: string) => void
  /** an exact hunt after a leak: heap snapshots of worker 0 at 10% and at the end */
  readonly snapshots?: string
}

export interface Report {
  readonly options: Omit<SoakOptions, 'say'>
  readonly samples: readonly Sample[]
  readonly checks: readonly Check[]
  readonly findings: readonly string[]
  readonly found: number
  readonly counts: Readonly<Record<string, Counts>>
  readonly records: number
  readonly lines: number
  readonly verdicts: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly events: Readonly<Record<string, number>>
}

const MOST_FINDINGS = 200
const EVENT_MS = 60_000
/** the gateway keeps idle connections of both sides for a while, and slow refusals their own */
const SETTLE_MS = 100_000

const BAD: readonly ((text: string) => string)[] = [
  (text) => `${text}\n  nonsense: [`,
  (text) => text.replace('web:', 'wbe:'),
  (text) => text.replace('expect: deny, by: closed', 'expect: allow, by: closed'),
  (text) => text.replace('big.list', 'no-such.list'),
  () => '',
]

function has(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', command], { stdio: 'ignore' }).status === 0
}

async function freeTcp(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function freeUdp(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

function mayListen(host: string, port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.on('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

function gitRepository(folder: string): void {
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...args: readonly string[]): void => void execFileSync('git', ['-c', 'user.name=soak', '-c', 'user.email=soak@soak.test', ...args], { cwd: folder, env, stdio: 'ignore' })
  const content = randomBytes(200_000)
  mkdirSync(join(folder, 'git'))
  git('init', '--quiet', '--bare', '--initial-branch=main', 'git/soak.git')
  git('init', '--quiet', '--initial-branch=main', 'first')
  writeFileSync(join(folder, 'first', 'file'), content)
  git('-C', 'first', 'add', 'file')
  git('-C', 'first', 'commit', '--quiet', '-m', 'one')
  git('-C', 'first', 'push', '--quiet', join(folder, 'git/soak.git'), 'main')
  writeFileSync(join(folder, 'git-hash'), createHash('sha256').update(content).digest('hex'))
}

export async function soak(options: SoakOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'greengate-soak-'))
  const run = new Soak(options, folder)
  const remove = (): void => {
    if (process.env['SOAK_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  try {
    return await run.run()
  } finally {
    await run.clear()
    remove()
    process.removeListener('exit', remove)
  }
}

class Soak {
  readonly #options: SoakOptions
  readonly #folder: string
  readonly #random: Random
  readonly #ledger: Ledger
  readonly #findings: string[] = []
  #found = 0
  readonly #events: Record<string, number> = {}
  readonly #samples: Sample[] = []
  #counts: Record<string, Counts> = {}
  #children: Child[] = []
  #gateway: GatewayProcess | undefined
  #clients: Child | undefined
  #doomed: Child | undefined
  #origin: Child | undefined
  #stage: Stage | undefined
  #tail: Tail | undefined
  #accessLines = 0
  #number = 0
  #edition: Edition = edition(1)
  #listDigest = ''
  #over = false
  readonly #turn = turns()
  #ending = false
  readonly #heard: { readonly event: string; readonly done: (line: Line) => void }[] = []
  #began = 0

  constructor(options: SoakOptions, folder: string) {
    this.#options = options
    this.#folder = folder
    this.#random = new Random(options.seed)
    this.#ledger = new Ledger((text) => this.#finding(text))
    this.#ledger.onEvent = (line) => this.#event(line)
  }

  #finding(text: string): void {
    this.#found++
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push(text)
    this.#options.say(`!! ${Math.round((performance.now() - this.#began) / 1_000)}s ${text}`)
  }

  #event(line: Line): void {
    this.#events[line.event] = (this.#events[line.event] ?? 0) + 1
    if (line.event === 'log-lost') this.#finding(`the log lost lines: ${JSON.stringify(line)}`)
    for (const [at, { event, done }] of [...this.#heard.entries()].reverse()) {
      if (event !== line.event) continue
      this.#heard.splice(at, 1)
      done(line)
    }
  }

  #next(event: string): Promise<Line | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#finding(`no event ${event} within ${EVENT_MS} ms`)
        resolve(undefined)
      }, EVENT_MS)
      this.#heard.push({ event, done: (line) => {
        clearTimeout(timer)
        resolve(line)
      } })
    })
  }

  #said(said: Said, child: Child): void {
    if (said.kind === 'finding') this.#finding(said.text)
    else if (child !== this.#clients) return
    else if (said.kind === 'asked') for (const [key, least, most] of said.rows) this.#ledger.asked(key, least, most)
    else if (said.kind === 'over') {
      this.#counts = said.counts
      this.#over = true
    }
  }

  #spawn(file: string, start: unknown): Child {
    const child = new Child(file, start, (said, from) => this.#said(said, from), (text) => {
      if (!this.#ending) this.#finding(text)
    })
    this.#children = [...this.#children.filter(({ alive }) => alive), child]
    return child
  }

  #client(role: ClientStart['role']): Child {
    const { stage } = this.#must()
    const first = role === 'clients' ? 0 : 10 ** 9 + ++this.#number * 10 ** 6
    const start: ClientStart = { stage, role, scale: this.#options.scale, programs: ['curl', 'git'].filter(has), first }
    return this.#spawn('./clients.ts', start)
  }

  #must(): { readonly stage: Stage; readonly gateway: GatewayProcess } {
    if (this.#stage === undefined || this.#gateway === undefined) throw new Error('the stage is not set')
    return { stage: this.#stage, gateway: this.#gateway }
  }

  get #file(): string {
    return join(this.#folder, 'policy.yaml')
  }

  #write(text: string): void {
    writeFileSync(`${this.#file}.new`, text)
    renameSync(`${this.#file}.new`, this.#file)
  }

  /** The edition's text, known to the ledger by the hash that the gateway will give it. */
  #publish(next: Edition): void {
    const text = policyText(this.#must().stage, next)
    this.#ledger.judgedBy(createHash('sha256').update(text).update('\0').update(this.#listDigest).digest('hex').slice(0, 16), next)
    this.#write(text)
  }

  async #tell(message: (number: number) => ToClient & { readonly number: number }): Promise<void> {
    const made = message(++this.#number)
    await Promise.all([this.#clients, this.#doomed].map((child) => child?.told(made)))
  }

  #tellPolicy(of: Edition, state: 'changing' | 'in force'): Promise<void> {
    return this.#tell((number) => ({ kind: 'policy', edition: of, state, number }))
  }

  // --- the start

  async #start(): Promise<void> {
    const { seed, workers } = this.#options
    const site = `127.88.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`
    const made = await makeCertificates(this.#folder, [['secure.soak.test', '*.soak.test']])
    const pair = made.leaves.get('secure.soak.test')
    if (pair === undefined) throw new Error('no certificate')
    const stage: Stage = {
      seed, workers, site, proxyPort: await freeTcp(), namesPort: await freeUdp(), authority: made.authority.certificate, certificate: pair.certificate, key: pair.key, folder: this.#folder,
      port80: await mayListen(site, 80),
    }
    if (!stage.port80 && process.env['GREENGATE_REQUIRE_ALL'] === '1') this.#finding('port 80 cannot be listened on, and everything is required here')
    for (const program of ['curl', 'git']) if (!has(program) && process.env['GREENGATE_REQUIRE_ALL'] === '1') this.#finding(`${program} is not installed, and everything is required here`)
    if (has('git')) gitRepository(this.#folder)
    this.#stage = stage
    const list = bigList()
    writeFileSync(join(this.#folder, 'big.list'), list)
    this.#listDigest = createHash('sha256').update(list).digest('hex')
    const log = join(this.#folder, 'events.jsonl')
    writeFileSync(log, '')
    this.#tail = new Tail(log)
    const names = this.#spawn('./names.ts', stage)
    this.#origin = this.#spawn('./origin.ts', stage)
    await Promise.all([names.ready(), this.#origin.ready()])
    const args = ['--policy', this.#file, '--host', '127.0.0.1', '--port', String(stage.proxyPort), '--event-log', log, '--access-log', join(this.#folder, 'access.log'), '--pid-file', join(this.#folder, 'greengate.pid')]
    this.#gateway = new GatewayProcess(args, join(this.#folder, 'probe'), workers)
    this.#publish(this.#edition)
    await this.#gateway.listening()
  }

  // --- what happens meanwhile

  async #reload(): Promise<void> {
    const { gateway } = this.#must()
    const next = edition(this.#edition.number + 1)
    await this.#tellPolicy(next, 'changing')
    this.#publish(next)
    const done = this.#next('reloaded')
    gateway.child.kill('SIGHUP')
    await done
    this.#edition = next
    await this.#tellPolicy(next, 'in force')
  }

  /** Changes nothing, whatever is wrong with it. */
  async #badReload(): Promise<void> {
    const { gateway, stage } = this.#must()
    this.#write(this.#random.pick(BAD)(policyText(stage, edition(this.#edition.number + 1))))
    const done = this.#next('reload-failed')
    gateway.child.kill('SIGHUP')
    await done
  }

  async #rotate(): Promise<void> {
    const { gateway } = this.#must()
    for (const name of ['events.jsonl', 'access.log']) renameSync(join(this.#folder, name), join(this.#folder, `${name}.old`))
    this.#tail?.rotated()
    gateway.child.kill('SIGUSR2')
    await sleep(2_500)
    this.#accessLines += this.#countAccess('access.log.old')
    for (const name of ['events.jsonl', 'access.log']) if (process.env['SOAK_KEEP'] === undefined) rmSync(join(this.#folder, `${name}.old`)); else renameSync(join(this.#folder, `${name}.old`), join(this.#folder, `${name}.${Date.now()}`))
  }

  #countAccess(name: string): number {
    const octets = readFileSync(join(this.#folder, name))
    let lines = 0
    for (const octet of octets) {
      if (octet === 10) lines++
      else if (octet < 0x20 || octet > 0x7e) {
        this.#finding(`the access log holds octet ${octet}`)
        break
      }
    }
    return lines
  }

  #rough(act: () => Promise<void>): Promise<void> {
    return this.#turn(async () => {
      await this.#tell((number) => ({ kind: 'rough', over: false, number }))
      this.#ledger.rough(true)
      await act()
      this.#ledger.rough(false)
      await this.#tell((number) => ({ kind: 'rough', over: true, number }))
    })
  }

  #killWorker(): Promise<void> {
    const { gateway } = this.#must()
    return this.#rough(async () => {
      // a worker's records wait some milliseconds for company: those of answers that are complete are to be out
      await sleep(200)
      const started = this.#next('worker-started')
      await gateway.probe({ do: this.#random.pick(['throw', 'exit']), worker: this.#random.below(this.#options.workers) })
      await started
      await sleep(800)
    })
  }

  #killOrigin(): Promise<void> {
    return this.#rough(async () => {
      await this.#origin?.kill()
      await sleep(this.#random.between(0, 500))
      this.#origin = this.#spawn('./origin.ts', this.#must().stage)
      await this.#origin.ready().catch(() => {})
      await sleep(500)
    })
  }

  /** In turn with the other kills, of which the next one would not know. */
  #killClient(): Promise<void> {
    return this.#turn(async () => {
      await this.#doomed?.kill()
      const next = this.#client('doomed')
      await next.ready().catch(() => {})
      next.send({ kind: 'policy', edition: this.#edition, state: 'in force', number: 0 })
      this.#doomed = next
    })
  }

  async #every(ms: number, act: () => Promise<void>): Promise<void> {
    while (!this.#stopping) {
      await this.#pause(ms * (0.75 + this.#random.next() / 2))
      if (!this.#stopping) await act()
    }
  }

  #stopAt = 0

  get #stopping(): boolean {
    return performance.now() >= this.#stopAt || this.#gateway?.alive === false
  }

  async #pause(ms: number): Promise<void> {
    const until = Math.min(this.#stopAt, performance.now() + ms)
    while (performance.now() < until && !this.#stopping) await sleep(Math.min(200, Math.max(1, until - performance.now())))
  }

  #read(): void {
    for (const line of this.#tail?.lines() ?? []) this.#ledger.take(line)
  }

  async #sample(collect: boolean): Promise<void> {
    const { gateway } = this.#must()
    const at = (performance.now() - this.#began) / 1_000
    // before the probe is asked: its socket is none of the gateway's
    const before = measure(gateway.pid)
    const threads = await gateway.probe({ do: collect ? 'collect' : 'figures' })
    const figures = { ...before, rss: measure(gateway.pid).rss }
    this.#samples.push({ at, collected: collect, ...figures, heaps: threads })
    const heap = threads.map(({ heapUsed }) => (heapUsed / 2 ** 20).toFixed(1)).join('/')
    const states = Object.entries(figures.sockets).map(([state, n]) => `${state} ${n}`).join(', ')
    const row = [`${at.toFixed(0)}s`, `${(figures.rss / 2 ** 20).toFixed(0)} MiB`, `heap ${heap}${collect ? '*' : ''}`, `${figures.fds} fds`, `${figures.threads} threads`, `${figures.cpu.toFixed(0)}s cpu`, `${this.#ledger.records} records`, states]
    this.#options.say(row.join('  '))
  }

  // --- the run

  async run(): Promise<Report> {
    const { minutes, say, snapshots, trend } = this.#options
    await this.#start()
    const { gateway } = this.#must()
    const lengthMs = minutes * 60_000
    this.#began = performance.now()
    await sleep(500)
    await this.#sample(true)
    this.#clients = this.#client('clients')
    await this.#clients.ready()
    await this.#killClient()
    await this.#tellPolicy(this.#edition, 'in force')
    this.#began = performance.now()
    this.#stopAt = this.#began + lengthMs
    const reader = setInterval(() => this.#read(), 50)
    const sweeper = setInterval(() => this.#ledger.sweep(false), 5_000)
    const short = minutes < 1
    let reloads = 0
    await Promise.all([
      this.#every(short ? 1_500 : 5_000, () => (++reloads % 3 === 0 ? this.#badReload() : this.#reload())),
      this.#every(short ? 5_000 : 20_000, () => this.#rotate()),
      this.#every(short ? 6_000 : 25_000, async () => {
        await this.#killWorker()
        await this.#pause(short ? 1_000 : 12_000)
        if (!this.#stopping) await this.#killOrigin()
      }),
      this.#every(short ? 4_000 : 15_000, () => this.#killClient()),
      this.#every(short ? 3_000 : 10_000, () => this.#sample(false)),
      // a hundred reloads in a minute, at once after a third of the time; garbage is collected now and then, to see what is left
      (async () => {
        for (let n = 1; n <= 20 && trend; n++) {
          await this.#pause(this.#began + (lengthMs * n) / 20 - performance.now())
          if (!gateway.alive) return
          await this.#sample(true)
          if (n === 2 && snapshots !== undefined) await gateway.probe({ do: 'snapshot', worker: 0, file: `${snapshots}-first.heapsnapshot` })
        }
      })(),
    ]).catch((error: unknown) => this.#finding(`the soak itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`))
    if (!gateway.alive) this.#finding('the gateway ended')
    say('-- the traffic ends')
    await this.#doomed?.kill()
    this.#clients.send({ kind: 'stop' })
    for (const limit = performance.now() + 60_000; !this.#over && performance.now() < limit && this.#clients.alive;) await sleep(50)
    if (!this.#over) this.#finding(`the clients did not come to an end: ${this.#clients.stderr}`)
    this.#ending = true
    await this.#settle()
    if (snapshots !== undefined && gateway.alive) await gateway.probe({ do: 'snapshot', worker: 0, file: `${snapshots}-last.heapsnapshot` })
    await gateway.end()
    const { code, signal } = await gateway.ended
    clearInterval(reader)
    clearInterval(sweeper)
    await sleep(1_500)
    this.#read()
    if (code !== 0) this.#finding(`the gateway ended with ${code ?? signal}`)
    for (const block of gateway.unexpected()) this.#finding(`standard error: ${block.slice(0, 3_000)}`)
    for (const child of [this.#clients, this.#origin]) if (child !== undefined && child.stderr !== '') this.#finding(`a process of the soak said: ${child.stderr}`)
    this.#ledger.sweep(true)
    this.#accessLines += this.#countAccess('access.log')
    const checks = judge(this.#samples, lengthMs / 1_000, trend)
    const more: Check[] = [
      { what: 'the access log has a line for each record', right: this.#accessLines === this.#ledger.records, seen: `${this.#accessLines} lines, ${this.#ledger.records} records` },
      { what: 'nothing was found', right: this.#found === 0, seen: `${this.#found} findings` },
    ]
    const { say: _say, ...rest } = this.#options
    return {
      options: rest, samples: this.#samples, checks: [...checks, ...more], findings: this.#findings, found: this.#found, counts: this.#counts,
      records: this.#ledger.records, lines: this.#ledger.lines, verdicts: this.#ledger.verdicts, errors: this.#ledger.errors, events: this.#events,
    }
  }

  /** Until what the traffic opened is closed, or ought to be, and the last records are written: both logs' writes and the workers' batches are under way
   *  for some milliseconds after the last descriptor is shut. */
  async #settle(): Promise<void> {
    const { gateway } = this.#must()
    const [baseline] = this.#samples
    const limit = performance.now() + SETTLE_MS
    const settled = async (): Promise<boolean> => {
      if (baseline === undefined || told(resources(await gateway.probe({ do: 'figures' }))) !== told(resources(baseline.heaps))) return false
      // the probe's own socket goes too
      await sleep(250)
      return measure(gateway.pid).fds === baseline.fds
    }
    while (gateway.alive && performance.now() < limit && !(await settled())) await sleep(250)
    if (gateway.alive) await this.#sample(true)
  }

  async clear(): Promise<void> {
    this.#ending = true
    await Promise.all(this.#children.map((child) => child.kill()))
    await this.#gateway?.end()
    this.#tail?.close()
  }
}
