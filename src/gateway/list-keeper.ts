// The lists of the policy in force, kept fresh: each is asked for when it is due, and the policy that is in force is loaded with what came. Dangers prevented: a list
// that is old and nobody knows; an unfinished edit of the policy's file that comes in force because a list was due.
import { randomInt } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { ListSource } from '../policy/policy.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import { turns } from './coalesce.ts'
import type { ReloadAnswer } from './control.ts'
import { listFile, readState } from './list-state.ts'
import { settleList, takeBackList } from './list-update.ts'
import type { ListEnd } from './list-update.ts'
import type { UpdaterStart } from './list-updater.ts'
import type { Logs } from './logs.ts'

export interface KeptGateway {
  /** as it is in force */
  readonly inForce: Pick<UpdaterStart, 'source' | 'machine'>
  readonly generation: number
  /** the text that is in force, with its lists read anew */
  refresh(): Promise<ReloadAnswer>
}

/** What is told of one list; times are epoch milliseconds. */
export interface KeptList {
  readonly list: string
  readonly file: string
  readonly url?: string
  readonly everyMs?: number
  readonly checkedAt?: number
  readonly changedAt?: number
  readonly nextAt?: number
  readonly problem?: string
}

export interface UpdateAnswer {
  readonly ok: boolean
  readonly generation: number
  readonly lists: readonly ListEnd[]
}

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './list-updater.ts' : './list-updater.js', import.meta.url)
/** After a start, so that a gateway that begins anew again and again asks nobody as often. */
const FIRST_MS = 10_000
const RETRY_MS = 60_000
const MOST_RETRY_MS = 3_600_000
/** Of setTimeout, more ends at once. */
const MOST_TIMER_MS = 2 ** 31 - 1

interface Failing {
  readonly times: number
  readonly at: number
  readonly problem: string
}

function updateApart(start: UpdaterStart): Promise<readonly ListEnd[]> {
  return new Promise((resolve) => {
    const thread = new Worker(ENTRY, { workerData: start, name: 'greengate-lists' })
    let ends: readonly ListEnd[] | undefined
    let why = 'its thread ended'
    thread.on('message', (message: readonly ListEnd[]) => {
      ends = message
    })
    thread.on('error', (error: unknown) => {
      why = error instanceof Error ? error.message : String(error)
    })
    thread.on('exit', () => resolve(ends ?? start.names.map((list) => ({ list, result: 'failed', told: why }))))
  })
}

export class ListKeeper {
  readonly #gateway: KeptGateway
  readonly #logs: Pick<Logs, 'gateway'>
  readonly #complain: (message: string) => void
  readonly #turn = turns()
  readonly #failing = new Map<string, Failing>()
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(gateway: KeptGateway, logs: Pick<Logs, 'gateway'>, complain: (message: string) => void) {
    this.#gateway = gateway
    this.#logs = logs
    this.#complain = complain
    this.follow()
  }

  get #fetched(): readonly ListSource[] {
    return this.#gateway.inForce.source.policy.lists.filter(({ fetch }) => fetch !== undefined)
  }

  /** After a change of the policy, too. */
  follow(): void {
    clearTimeout(this.#timer)
    if (this.#ended || this.#fetched.length === 0) return
    const next = Math.min(...this.#fetched.map((each) => this.#nextAt(each)))
    // not all gateways at the same moment
    const wait = Math.max(next - Date.now(), FIRST_MS) + randomInt(5_000)
    this.#timer = setTimeout(() => void this.#due(), Math.min(wait, MOST_TIMER_MS)).unref()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  #nextAt(source: ListSource): number {
    const every = source.fetch?.everyMs ?? 0
    const failing = this.#failing.get(source.name)
    if (failing !== undefined) return failing.at + Math.min(every, RETRY_MS * 2 ** (failing.times - 1), MOST_RETRY_MS)
    const file = listFile(source)
    const state = file === undefined ? undefined : readState(file)
    // a clock that was set back must not put it off for years
    return state === undefined || state.url !== source.fetch?.url || state.checkedAt > Date.now() ? 0 : state.checkedAt + every
  }

  async #due(): Promise<void> {
    const now = Date.now()
    const names = this.#fetched.filter((each) => this.#nextAt(each) <= now).map(({ name }) => name)
    if (names.length > 0) await this.update(names)
    else this.follow()
  }

  /** These, or where none is named all, whether they are due or not. */
  update(names: readonly string[]): Promise<UpdateAnswer> {
    return this.#turn(async () => {
      const { source, machine } = this.#gateway.inForce
      const wanted = this.#fetched.filter(({ name }) => names.length === 0 || names.includes(name))
      const unknown = names.filter((name) => !wanted.some((each) => each.name === name)).map((list): ListEnd => ({ list, result: 'failed', told: 'no list with `url` has this name' }))
      const fetched = wanted.length === 0 ? [] : await updateApart({ source: { ...source, lists: [] }, machine, names: wanted.map(({ name }) => name) })
      const { ends, generation } = await this.#inForce(wanted, fetched)
      for (const end of ends) this.#tell(end)
      this.follow()
      const lists = [...ends, ...unknown]
      return { ok: lists.every(({ result }) => result !== 'failed'), generation, lists }
    })
  }

  async #inForce(wanted: readonly ListSource[], ends: readonly ListEnd[]): Promise<{ readonly ends: readonly ListEnd[]; readonly generation: number }> {
    const fresh = wanted.filter(({ name }) => ends.some(({ list, result }) => list === name && result === 'new'))
    if (fresh.length === 0) return { ends, generation: this.#gateway.generation }
    const answer = await this.#gateway.refresh()
    if (answer.ok) {
      for (const each of fresh) settleList(each)
      return { ends, generation: answer.generation }
    }
    const first = answer.diagnostics.find(({ severity }) => severity === 'error')
    const why = `the policy does not hold with it, so the old list stays: ${first === undefined ? 'it is not loaded' : renderDiagnostic(first).split('\n')[0] ?? ''}`
    for (const each of fresh) takeBackList(each)
    return { ends: ends.map((end) => (end.result === 'new' ? { ...end, result: 'failed', told: why } : end)), generation: answer.generation }
  }

  #tell({ list, result, told }: ListEnd): void {
    if (result === 'failed') {
      const before = this.#failing.get(list)
      this.#failing.set(list, { times: (before?.times ?? 0) + 1, at: Date.now(), problem: told })
      this.#complain(`the list ${list} stays as it is: ${told}`)
      this.#logs.gateway('error', 'list-failed', `the list ${list} stays as it is: ${told}`, { list, problem: told })
      return
    }
    this.#failing.delete(list)
    if (result === 'new') this.#logs.gateway('info', 'list-updated', `the list ${list} is new: ${told}`, { list })
  }

  lists(): readonly KeptList[] {
    return this.#gateway.inForce.source.policy.lists.map((source) => {
      const file = listFile(source) ?? ''
      const told = { list: source.name, file }
      if (source.fetch === undefined) return told
      const state = readState(file)
      const problem = this.#failing.get(source.name)?.problem
      return {
        ...told, url: source.fetch.url, everyMs: source.fetch.everyMs, nextAt: this.#nextAt(source),
        ...(state === undefined ? {} : { checkedAt: state.checkedAt, changedAt: state.changedAt }), ...(problem === undefined ? {} : { problem }),
      }
    })
  }
}
