// A worker's records, rendered and sent to the main thread in batches: one message for many lines, since a message costs more than a
// line. Dangers prevented: a log that slows the requests it tells of; lines that pile up before a main thread, or a disk, that is slower.
import type { LogRates } from '../log/allowance.ts'
import { eventLog } from '../log/events.ts'
import { clientTold, privately } from '../log/privacy.ts'
import type { Privacy } from '../log/privacy.ts'
import { type LeftOut, Quota } from '../log/quota.ts'
import type { RequestRecord } from '../log/record.ts'
import { squidLine } from '../log/squid.ts'

/** Each batch wakes the main thread and writes a file: nobody reads a log faster than this, and a busy worker fills a batch before. */
const WAIT_MS = 100
const MOST = 256 << 10
/** Characters sent that the main thread has not taken yet: with more, records are dropped and counted. */
const MOST_UNDER_WAY = 8 << 20
const LOOK_MS = 1_000

export interface OutboxOptions {
  readonly events: boolean
  readonly access: boolean
  readonly worker: number
  /** shared over workers: what each client may still have (log/allowance.ts) */
  readonly allowance: SharedArrayBuffer
  /** one Int32 a worker: characters under way, which the main thread takes off */
  readonly underWay: SharedArrayBuffer
  readonly rates: () => LogRates
  /** what the logs may know of people; undefined: all of a record */
  readonly privacy?: Privacy | undefined
  /** `lost`: records dropped since the last batch */
  readonly send: (events: string, access: string, lost: number) => void
  /** what was left out, where there is no event log to tell it */
  readonly note: (message: string) => void
}

export interface Outbox {
  record(record: RequestRecord): void
  /** what waits, now, and what was left out: before a worker ends */
  flush(): void
}

export function outbox(options: OutboxOptions): Outbox {
  const { worker, rates } = options
  const underWay = new Int32Array(options.underWay)
  let events = ''
  let access = ''
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  let looking: NodeJS.Timeout | undefined
  const log = eventLog((line) => {
    events += line
  })
  const told = privately(options.privacy)
  const who = options.privacy === undefined ? undefined : clientTold(options.privacy)
  const quota = new Quota(options.allowance, (one) => {
    const left = who === undefined ? one : { ...one, client: who(one.client) }
    if (!options.events) return options.note(leftOutText(left))
    log.gateway('warn', 'left-out', leftOutText(left), {
      client: left.client, from: new Date(left.from).toISOString(), to: new Date(left.to).toISOString(), allow: left.allow, deny: left.deny, error: left.error,
      bytesIn: left.bytesIn, bytesOut: left.bytesOut, worker,
    })
  })
  const post = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (events === '' && access === '' && lost === 0) return
    Atomics.add(underWay, worker, events.length + access.length)
    options.send(events, access, lost)
    events = ''
    access = ''
    lost = 0
  }
  const soon = (): void => {
    if (events.length + access.length > MOST) post()
    else timer ??= setTimeout(post, WAIT_MS)
  }
  const look = (): void => {
    looking = undefined
    quota.flush(Date.now(), false)
    if (events !== '') soon()
    if (quota.waiting) looking = setTimeout(look, LOOK_MS)
  }
  return {
    record(record) {
      if (!options.events && !options.access) return
      if (Atomics.load(underWay, worker) > MOST_UNDER_WAY) {
        lost++
        return soon()
      }
      if (!quota.admits(record, rates(), Date.now())) {
        looking ??= setTimeout(look, LOOK_MS)
        return
      }
      try {
        const written = told === undefined ? record : told(record)
        if (options.events) log.request(written)
        if (options.access) access += `${squidLine(written)}\n`
      } catch (error) {
        // a fault of ours in telling a request must not end the others
        lost++
        options.note(`a record could not be written: ${error instanceof Error ? error.message : String(error)}`)
      }
      soon()
    },
    flush() {
      clearTimeout(looking)
      looking = undefined
      quota.flush(Date.now(), true)
      post()
    },
  }
}

function leftOutText(left: LeftOut): string {
  return `${left.allow + left.deny + left.error} requests of ${left.client} are not in the log: more than limits lets one client have there`
}
