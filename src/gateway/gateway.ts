// The running gateway: one policy in force in every worker, changed all or nothing. Dangers prevented: a bad file that takes the place of a
// good policy; two reloads at once; a gateway that keeps its port while it ends.
import { resolve } from 'node:path'
import type { Machine } from '../decision/machine.ts'
import { Counters, layoutOf, limitBuffer } from '../proxy/counters.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import { coalesced, turns } from './coalesce.ts'
import type { ControlActions, ReloadAnswer, StatusAnswer } from './control.ts'
import { collectSoon } from './engine.ts'
import type { Former, GatewayOptions, Good } from './gateway-options.ts'
import { loadForTraffic } from './load-apart.ts'
import { ListKeeper } from './list-keeper.ts'
import type { KeptGateway, KeptList, UpdateAnswer } from './list-keeper.ts'
import { replacedOctets } from './load-lists.ts'
import { machineNow, watchMachine } from './machine.ts'
import type { Live } from './messages.ts'
import { restartNotes } from './restart-notes.ts'
import { Stats, figures } from './stats.ts'
import type { Figures, GatewayState } from './stats.ts'
import { Workers } from './workers.ts'

/** Octets of tables that may lie until the engine collects by itself. */
const MOST_UNSEEN = 8 << 20

export class Gateway implements ControlActions, KeptGateway {
  readonly #options: GatewayOptions
  readonly #workers: Workers
  readonly #stats = new Stats()
  readonly #counters: Counters
  #keeper: ListKeeper | undefined
  readonly #turn = turns()
  readonly reload: () => Promise<ReloadAnswer>
  #loaded: Good
  #live: Live
  #former: Former | undefined
  #unwatch: () => void = () => {}

  constructor(options: GatewayOptions, loaded: Good, machine: Machine) {
    this.#options = options
    this.#loaded = loaded
    this.#live = { source: loaded.source, machine, generation: 1 }
    this.reload = coalesced(this.#turn, () => this.#load())
    const { logs } = options
    const counters = limitBuffer(options.workers)
    this.#counters = new Counters(layoutOf(counters), 0)
    this.#workers = new Workers({
      count: options.workers,
      listens: options.listens,
      counters,
      events: logs.events,
      access: logs.access,
      privacy: logs.privacy,
      turn: this.#turn,
      onLines: (events, access, lost) => {
        this.#stats.logLost += lost
        logs.lines(events, access, lost)
      },
      onCounted: (worker, tally, standing) => this.#stats.take(worker, tally, standing),
      onNote: options.complain,
      onLost: (worker, why, pauseMs) => this.#lost(worker, why, pauseMs),
      onReplaced: (worker) => logs.gateway('info', 'worker-started', `worker ${worker} was replaced`, { worker }),
    }, this.#live)
  }

  get generation(): number {
    return this.#live.generation
  }

  get hash(): string {
    return this.#loaded.hash
  }

  /** For whoever watches or tries them. */
  get workers(): Workers {
    return this.#workers
  }

  async start(): Promise<string | undefined> {
    const problem = await this.#workers.start()
    if (problem !== undefined) return problem
    this.#unwatch = watchMachine(this.#live.machine, (machine) => this.#moved(machine))
    this.#keeper = new ListKeeper(this, this.#options.logs, this.#options.complain)
    return undefined
  }

  /** What is under way may end, for as long as the policy says; then it is cut. */
  async drain(): Promise<void> {
    this.#end()
    const { drainMs } = this.#loaded.source.policy.limits
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    await Promise.race([this.#workers.drain(), late])
    clearTimeout(timer)
    await this.stop()
  }

  stop(): Promise<void> {
    this.#end()
    return this.#workers.stop()
  }

  #end(): void {
    this.#stats.draining = true
    this.#unwatch()
    this.#keeper?.end()
  }

  #collect(): void {
    this.#workers.collect()
    collectSoon()
  }

  #answer(ok: boolean, diagnostics: readonly Diagnostic[], notes: readonly string[]): ReloadAnswer {
    return { ok, generation: this.generation, hash: this.hash, diagnostics, notes }
  }

  async status(): Promise<StatusAnswer> {
    return {
      pid: process.pid, file: resolve(this.#options.file), policy: this.#loaded.source.policy.name, generation: this.generation, hash: this.hash, port: this.#live.machine.proxyPort, ...this.#options.logs.places,
    }
  }

  async figures(): Promise<Figures> {
    await this.#workers.count()
    const { policy, hash, lists } = this.#loaded.source
    return figures(this.#stats, {
      state: this.state, version: this.#options.version,
      policy: { name: policy.name, file: resolve(this.#options.file), mode: policy.mode, generation: this.generation, hash },
      port: this.#live.machine.proxyPort, workers: { running: this.#workers.running, wanted: this.#options.workers },
      open: this.#counters.total('connections'), tunnels: this.#counters.total('tunnels'), logQueued: this.#workers.logQueued, store: this.#options.logs.store(), lists,
    })
  }

  /** Where no worker listens, nobody should send anything here. */
  get state(): GatewayState {
    return this.#stats.draining ? 'draining' : this.#workers.running > 0 ? 'ready' : 'starting'
  }

  /** By which it may be asked. */
  get names(): readonly string[] {
    return this.#loaded.source.policy.gateway.names
  }

  get inForce(): KeptGateway['inForce'] {
    return { source: this.#loaded.source, machine: this.#live.machine }
  }

  refresh(): Promise<ReloadAnswer> {
    return this.#turn(() => this.#load(this.#loaded.text))
  }

  async lists(): Promise<readonly KeptList[]> {
    return this.#keeper?.lists() ?? []
  }

  async updateLists(names: readonly string[]): Promise<UpdateAnswer> {
    return this.#keeper?.update(names) ?? { ok: false, generation: this.generation, lists: [] }
  }

  /** As a reload; what it replaces is kept, lists and all, so that it can come back whatever becomes of the files. */
  trial(): Promise<ReloadAnswer> {
    return this.#turn(async () => {
      const former = { loaded: this.#loaded, live: this.#live }
      const answer = await this.#load()
      if (answer.ok) this.#former = { ...former, by: this.hash }
      return answer
    })
  }

  settle(): Promise<ReloadAnswer> {
    return this.#turn(async () => {
      this.#former = undefined
      this.#collect()
      return this.#answer(true, [], [])
    })
  }

  revert(hash: string | undefined, text: string | undefined): Promise<ReloadAnswer> {
    return this.#turn(async () => {
      const former = this.#former
      if (former?.by === this.hash) return this.#change(former.loaded, this.#live.machine)
      // begun anew meanwhile, or loaded by somebody: then the text that was confirmed
      if (hash === this.hash) return this.#answer(true, [], [])
      return text === undefined ? this.#refused([this.#problem('the policy from before is not known here')]) : this.#load(text)
    })
  }

  async #load(text?: string): Promise<ReloadAnswer> {
    const machine = machineNow(this.#live.machine.proxyPort)
    const loaded = await loadForTraffic({ file: this.#options.file, machine, before: this.#loaded.files, traffic: true, ...(text === undefined ? {} : { text }) })
    return loaded.ok ? this.#change(loaded, machine) : this.#refused(loaded.diagnostics)
  }

  #problem(message: string): Diagnostic {
    return { code: 'worker', severity: 'error', message, place: { file: this.#options.file, line: 1, column: 1 } }
  }

  async #change(loaded: Good, machine: Machine): Promise<ReloadAnswer> {
    const { logs, complain } = this.#options
    const live: Live = { source: loaded.source, machine, generation: this.generation + 1 }
    const problem = await this.#workers.swap(live)
    if (problem !== undefined) return this.#refused([this.#problem(`a worker cannot compile it: ${problem}`)])
    const notes = restartNotes(this.#loaded.source.policy, loaded.source.policy, this.#options, this.#live.machine.proxyPort)
    // what is large in the old one lies outside the heap, where the engine does not see how much there is to free
    const replaced = replacedOctets(this.#loaded.files, loaded.files)
    this.#live = live
    this.#loaded = loaded
    this.#former = undefined
    this.#stats.reloaded(true)
    if (replaced > MOST_UNSEEN) this.#collect()
    this.#keeper?.follow()
    const message = `policy ${loaded.source.policy.name} in force, generation ${live.generation}`
    logs.gateway('info', 'reloaded', message, { generation: live.generation, hash: loaded.hash, policy: loaded.source.policy.name, mode: loaded.source.policy.mode })
    for (const note of notes) complain(note)
    return this.#answer(true, loaded.diagnostics, notes)
  }

  #refused(diagnostics: readonly Diagnostic[]): ReloadAnswer {
    const { logs, complain } = this.#options
    this.#stats.reloaded(false)
    const told = diagnostics.filter((each) => each.severity === 'error').map(renderDiagnostic)
    complain(`the new policy is not loaded, generation ${this.generation} stays in force:\n${told.join('\n')}`)
    logs.gateway('error', 'reload-failed', `the new policy is not loaded, generation ${this.generation} stays in force`, { generation: this.generation, hash: this.hash, diagnostics: told })
    return this.#answer(false, diagnostics, [])
  }

  /** The same policy with other own addresses: a generation of its own, since it decides otherwise. */
  #moved(machine: Machine): void {
    void this.#turn(async () => {
      const live: Live = { source: this.#live.source, machine, generation: this.generation + 1 }
      const problem = await this.#workers.swap(live)
      if (problem !== undefined) return this.#options.complain(`the machine's addresses changed, and the policy cannot be compiled for them: ${problem}`)
      this.#live = live
      const addresses = machine.addresses.map((ip) => ip.text)
      this.#options.logs.gateway('info', 'addresses-changed', `own addresses: ${addresses.join(', ')}`, { generation: live.generation, addresses })
    })
  }

  #lost(worker: number, why: string, pauseMs: number): void {
    this.#stats.forget(worker)
    const inherited = this.#options.listens.some(({ kind }) => kind === 'inherited')
    const next = inherited ? 'the gateway ends, so that systemd starts it anew' : `it is replaced in ${pauseMs} ms`
    this.#options.logs.gateway('error', 'worker-lost', `worker ${worker} ended: ${why.split('\n')[0] ?? ''}; ${next}`, { worker, why })
    this.#options.complain(`worker ${worker} ended: ${why}; ${next}`)
    if (inherited) this.#options.fatal('the only worker ended')
  }
}
