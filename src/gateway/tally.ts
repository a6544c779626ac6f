// What a worker counts of its requests, and hands to the main thread once a second: what it counted since the last time, so that a worker that
// dies takes no count of before with it. Danger prevented: figures that cost the requests something: one look-up in a table of the rules' names each.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { ReadyWebRule } from '../decision/web-rule.ts'
import type { RequestRecord } from '../log/record.ts'
import { octetsFromText } from '../net/octets.ts'
import { parseHost } from '../net/target.ts'

export const DNS_RESULTS = ['cached', 'resolved', 'timeout', 'error'] as const
export type DnsResultName = (typeof DNS_RESULTS)[number]

/** Names are the policy's and the code's own: nothing that a client says is one. */
export interface Tally {
  readonly allow: ReadonlyMap<string, number>
  readonly deny: ReadonlyMap<string, number>
  readonly error: ReadonlyMap<string, number>
  /** what observe mode let pass, by rule */
  readonly observed: ReadonlyMap<string, number>
  /** `fault error` */
  readonly errors: ReadonlyMap<string, number>
  readonly limits: ReadonlyMap<string, number>
  readonly lists: ReadonlyMap<string, number>
  readonly dns: ReadonlyMap<string, number>
  readonly dialled: number
  readonly reused: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** How a worker stands just now. */
export interface Standing {
  /** accepted and not served yet */
  readonly waiting: number
  /** idle connections to upstreams */
  readonly pool: number
  readonly dnsAsking: number
  readonly dnsWaiting: number
  readonly dnsKnown: number
}

const LIMIT = /\(limits\.([a-z-]+)\)$/

class Counted extends Map<string, number> {
  more(name: string): void {
    this.set(name, (this.get(name) ?? 0) + 1)
  }
}

function empty(): { readonly [K in 'allow' | 'deny' | 'error' | 'observed' | 'errors' | 'limits' | 'lists' | 'dns']: Counted } & { dialled: number; reused: number; bytesIn: number; bytesOut: number } {
  return {
    allow: new Counted(), deny: new Counted(), error: new Counted(), observed: new Counted(), errors: new Counted(), limits: new Counted(), lists: new Counted(), dns: new Counted(),
    dialled: 0, reused: 0, bytesIn: 0, bytesOut: 0,
  }
}

/** The rules that ask lists, by their names. */
type Listed = ReadonlyMap<string, ReadyWebRule>
const listed = new WeakMap<CompiledPolicy, Listed>()

function listedRules(compiled: CompiledPolicy): Listed {
  let known = listed.get(compiled)
  if (known === undefined) {
    known = new Map(compiled.web.rules.flatMap((ready) => (ready.lists === undefined ? [] : [[ready.rule.id, ready] as const])))
    listed.set(compiled, known)
  }
  return known
}

/** A rule that asks several: which of them have it. */
function listsOf(compiled: CompiledPolicy, lists: readonly number[], record: RequestRecord): readonly string[] {
  const open = lists.flatMap((index) => compiled.web.lists[index] ?? [])
  if (open.length === 1) return open.map(({ name }) => name)
  const host = parseHost(octetsFromText(record.host))
  return host.ok ? open.filter((list) => list.matches(host.value, record.target, record.target)).map(({ name }) => name) : []
}

function dnsResult({ dns, error }: RequestRecord): DnsResultName {
  return error === 'dns_timeout' ? 'timeout' : error === 'dns_error' ? 'error' : dns === 0 ? 'cached' : 'resolved'
}

export class Tallying {
  #tally = empty()
  #any = false

  get any(): boolean {
    return this.#any
  }

  count(record: RequestRecord, compiled: CompiledPolicy): void {
    const tally = this.#tally
    this.#any = true
    tally[record.verdict].more(record.rule)
    tally.bytesIn += record.bytesIn
    tally.bytesOut += record.bytesOut
    if (record.dns !== undefined) tally.dns.more(dnsResult(record))
    if (record.reused) tally.reused++
    else if (record.dial !== undefined) tally.dialled++
    for (const each of record.observed) tally.observed.more(each.rule)
    if (record.error !== undefined) tally.errors.more(`${record.fault ?? '-'} ${record.error}`)
    if (record.rule === 'limits') tally.limits.more(LIMIT.exec(record.reason)?.[1] ?? record.error ?? 'other')
    const lists = listedRules(compiled).get(record.rule)?.lists
    if (lists !== undefined) for (const name of listsOf(compiled, lists, record)) tally.lists.more(name)
  }

  /** What was counted since the last time. */
  take(): Tally {
    const tally = this.#tally
    this.#tally = empty()
    this.#any = false
    return tally
  }
}
