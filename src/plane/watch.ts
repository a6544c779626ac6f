// Watches over the rules in the kernel: a look at every change that the kernel tells of, and one now and then for what it does not tell. A change that our
// own commands make is waited for, under their lock. Dangers prevented: a drift seen minutes late; a repair in the middle of an apply; two programs that
// write each other's rules over for ever.
import { setTimeout as sleep } from 'node:timers/promises'
import { RuleMonitor } from '../kernel/rule-monitor.ts'
import { driftFrom, isDrift } from './drift.ts'
import type { Drift } from './drift.ts'
import { locked } from './lock.ts'
import { RulesError } from './own-kernel.ts'
import { isNothing } from './own-rules.ts'
import type { OwnRules } from './own-rules.ts'
import type { Places } from './places.ts'
import { putRules } from './put.ts'
import { takeReading, usageFile } from './usage.ts'

export type WatchEvent =
  | { readonly event: 'drift' | 'foreign' | 'repaired' | 'clean'; readonly drift: Drift }
  | { readonly event: 'problem'; readonly problem: string }

export interface WatchWork {
  readonly places: Places
  /** What the kernel should have now, as a kernel lists it; asked anew at each look. Throws where it cannot be told. */
  readonly wanted: () => Promise<OwnRules>
  readonly repair: boolean
  /** the longest between two looks */
  readonly pollMs: number
  readonly tell: (event: WatchEvent) => void
  readonly signal: AbortSignal
}

/** Changes come in handfuls: a look when one is over, and soon enough. */
const GATHER_MS = 120
/** Where the kernel tells nothing. */
const BLIND_MS = 500
const READING_MS = 60_000
/** So many repairs in a minute are a quarrel. */
const MOST_REPAIRS = 5
const QUARREL_MS = 60_000

/** A word of the administrator's: no drift, and nothing to write anew. */
const FLUSHED: WatchEvent = { event: 'problem', problem: 'none of our rules is in force, by a command of ours: nothing is filtered until `greengate firewall apply`, `boot` or `rollback`' }

class Watch {
  readonly #work: WatchWork
  readonly #told = new Set<string>()
  #well = ''
  #repairs: number[] = []
  #readAt = -Infinity

  constructor(work: WatchWork) {
    this.#work = work
  }

  /** What is wrong once, until all is well again; that all is well once, until something is wrong. */
  #tell(event: WatchEvent): void {
    const key = JSON.stringify(event)
    const wrong = event.event === 'drift' || event.event === 'problem'
    if (wrong ? this.#told.has(key) : key === this.#well) return
    if (wrong) {
      this.#told.add(key)
      this.#well = ''
    } else {
      this.#told.clear()
      this.#well = event.event === 'repaired' ? '' : key
    }
    this.#work.tell(event)
  }

  async look(): Promise<void> {
    const { wanted, places } = this.#work
    const rules = await wanted()
    if (isNothing(rules)) return this.#tell(FLUSHED)
    let drift = await driftFrom(rules)
    // what one of our own commands is at is no drift: look again when it is done
    if (isDrift(drift) || drift.none) {
      const again = await locked(places.lock, 'a look of the watch', async () => {
        const now = await wanted()
        if (isNothing(now)) return undefined
        const second = await driftFrom(now)
        return this.#work.repair && (isDrift(second) || second.none) ? this.#repair(second) : second
      })
      if (!again.ok) return this.#tell({ event: 'problem', problem: again.problem })
      // what it was at was a flush
      if (again.value === undefined) return this.#tell(FLUSHED)
      drift = again.value
    }
    const bad = isDrift(drift) || drift.none
    this.#tell({ event: bad ? 'drift' : drift.foreign.length > 0 ? 'foreign' : 'clean', drift })
    if (performance.now() - this.#readAt < READING_MS) return
    this.#readAt = performance.now()
    // how a rule was hit last is known to the minute where somebody watches
    await takeReading(usageFile(places.state)).catch(() => undefined)
  }

  /** Inside the lock. What the kernel has then. */
  async #repair(drift: Drift): Promise<Drift> {
    const { wanted, places } = this.#work
    const now = performance.now()
    this.#repairs = this.#repairs.filter((at) => now - at < QUARREL_MS)
    this.#tell({ event: 'drift', drift })
    if (this.#repairs.length >= MOST_REPAIRS) {
      this.#tell({ event: 'problem', problem: `${MOST_REPAIRS} repairs in a minute: somebody else writes these rules too; not repaired until a minute has passed` })
      return drift
    }
    this.#repairs.push(now)
    const rules = await wanted()
    await putRules(places, rules, true)
    const after = await driftFrom(rules)
    if (!isDrift(after)) this.#tell({ event: 'repaired', drift })
    return after
  }
}

/** Until `signal`. */
export async function watch(work: WatchWork): Promise<void> {
  const { signal, tell, pollMs } = work
  const over = new Watch(work)
  let wake: () => void = () => {}
  let changed = false
  const monitor = new RuleMonitor(() => {
    changed = true
    wake()
  }, () => {
    if (!signal.aborted) tell({ event: 'problem', problem: 'nft monitor tells no changes here: the rules are looked at twice a second' })
  })
  try {
    while (!signal.aborted) {
      changed = false
      try {
        await over.look()
      } catch (error) {
        if (!(error instanceof RulesError)) throw error
        tell({ event: 'problem', problem: error.message })
      }
      const told = new Promise<void>((resolve) => (wake = resolve))
      if (!changed) await Promise.race([told, sleep(monitor.alive ? pollMs : BLIND_MS, undefined, { signal, ref: true }).catch(() => {})])
      if (changed && !signal.aborted) await sleep(GATHER_MS)
    }
  } finally {
    monitor.stop()
  }
}
