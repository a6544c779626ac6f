// Answers of the DNS for as long as their records live, failures for a moment, and no more of both than the table holds. Danger prevented:
// memory that grows with the names clients ask for; an answer kept longer than its owner said.
import type { HostName } from '../net/hostname.ts'
import type { Ip } from '../net/ip.ts'

export type Answer =
  | { readonly ok: true; readonly addresses: readonly Ip[] }
  | { readonly ok: false; readonly error: 'dns_timeout' | 'dns_error'; readonly detail: string }

interface Entry {
  readonly answer: Answer
  readonly until: number
}

export class DnsCache {
  readonly #entries = new Map<HostName, Entry>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(name: HostName, now: number): Answer | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    if (entry.until > now) return entry.answer
    this.#entries.delete(name)
    return undefined
  }

  put(name: HostName, answer: Answer, lifeMs: number, now: number): void {
    this.#entries.delete(name)
    if (lifeMs <= 0) return
    // the oldest goes first: a Map keeps the order of insertion
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#capacity) break
      this.#entries.delete(oldest)
    }
    this.#entries.set(name, { answer, until: now + lifeMs })
  }

  clear(): void {
    this.#entries.clear()
  }
}
