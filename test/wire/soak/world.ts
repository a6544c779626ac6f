// What a client process knows of the soak: the policy in force, whether something was just killed (then a clean cut is no fault), and whom it tells
// what it asked and what it found. Danger prevented: a fault excused by an event that had nothing to do with it; so each attempt notes
// what held when it began, and is excused only by what happened between.
import type { Edition, Stage } from './stage.ts'

export type ToClient =
  | { readonly kind: 'policy'; readonly edition: Edition; readonly state: 'changing' | 'in force'; readonly number: number }
  /** a worker or the origin is about to be killed; `over`: it is replaced */
  | { readonly kind: 'rough'; readonly over: boolean; readonly number: number }
  | { readonly kind: 'stop' }

export type FromClient =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finding'; readonly text: string }
  /** key, and how many records there must be of it at least and at most */
  | { readonly kind: 'asked'; readonly rows: readonly (readonly [key: string, least: number, most: number])[] }
  | { readonly kind: 'seen'; readonly number: number }
  | { readonly kind: 'over'; readonly counts: Readonly<Record<string, Counts>> }

export interface Counts {
  done: number
  /** cut by a kill, as it may be */
  cut: number
  /** the machine's want: no local port, no descriptor */
  want: number
}

export interface Mark {
  readonly rough: number
  readonly policy: number
}

/** No port or descriptor on our own side. */
const WANT = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS'])

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

export class World {
  readonly stage: Stage
  readonly counts: Record<string, Counts> = {}
  #rough = 0
  #roughEvents = 0
  #policy = 0
  #editions: readonly Edition[] = []
  #rows: (readonly [string, number, number])[] = []
  #lastId: number
  #waiting: (() => void)[] = []
  stopping = false

  /** `first`: of the numbers of this process's requests */
  constructor(stage: Stage, first: number) {
    this.stage = stage
    this.#lastId = first
    process.on('message', (message: ToClient) => this.#told(message))
    process.on('disconnect', () => process.exit(0))
    setInterval(() => this.flush(), 250).unref()
  }

  #told(message: ToClient): void {
    if (message.kind === 'stop') this.stopping = true
    else if (message.kind === 'rough') {
      this.#roughEvents++
      this.#rough += message.over ? -1 : 1
    } else {
      this.#policy++
      this.#editions = message.state === 'in force' ? [message.edition] : [...this.#editions, message.edition]
    }
    // who kills or reloads waits until each client knows
    if (message.kind !== 'stop') this.#send({ kind: 'seen', number: message.number })
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #send(message: FromClient): void {
    process.send?.(message)
  }

  ready(): void {
    this.#send({ kind: 'ready' })
  }

  id(): number {
    return ++this.#lastId
  }

  /** The editions of which one is in force: two while a reload is under way. */
  get editions(): readonly Edition[] {
    return this.#editions
  }

  /** Resolves at the next change of anything. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  mark(): Mark {
    return { rough: this.#rough > 0 ? -1 : this.#roughEvents, policy: this.#policy }
  }

  /** Nothing was killed since. */
  calm(mark: Mark): boolean {
    return mark.rough === this.#roughEvents && this.#rough === 0
  }

  /** No reload since. */
  steady(mark: Mark): boolean {
    return mark.policy === this.#policy && this.#editions.length === 1
  }

  /** A request (or `least` to `most` of them) that the gateway can have read; where something was killed meanwhile its record may be lost. */
  asked(key: string, mark: Mark, least = 1, most = least): void {
    this.#rows.push([key, this.calm(mark) ? least : 0, most])
  }

  flush(): void {
    if (this.#rows.length > 0) this.#send({ kind: 'asked', rows: this.#rows.splice(0) })
  }

  finding(text: string): void {
    this.#send({ kind: 'finding', text })
  }

  count(kind: string): Counts {
    return (this.counts[kind] ??= { done: 0, cut: 0, want: 0 })
  }

  /** Runs one exchange to its end; what goes wrong is a finding unless something was killed meanwhile or this machine had nothing left to give. */
  async attempt(kind: string, run: (mark: Mark) => Promise<void>): Promise<void> {
    const mark = this.mark()
    const count = this.count(kind)
    try {
      await run(mark)
      count.done++
    } catch (error) {
      if (WANT.has(codeOf(error))) count.want++
      else if (!this.calm(mark) && !(error instanceof Wrong)) count.cut++
      else this.finding(`${kind}: ${error instanceof Error ? `${error.message} ${codeOf(error)}` : String(error)}`)
    }
  }

  over(): void {
    this.flush()
    this.#send({ kind: 'over', counts: this.counts })
  }
}

/** What no kill excuses: wrong octets, another's answer, a verdict that no policy in force gives. */
export class Wrong extends Error {}

export function must(right: boolean, text: string): void {
  if (!right) throw new Error(text)
}

export function never(wrong: boolean, text: string): void {
  if (wrong) throw new Wrong(text)
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
