// A worker's records, rendered and sent to the main thread in batches: one message for many lines, since a message costs more than a
// line. Danger prevented: a log that slows the requests it tells of.
import { eventLog } from '../log/events.ts'
import type { RequestRecord } from '../log/record.ts'
import { squidLine } from '../log/squid.ts'

const WAIT_MS = 20
const MOST = 256 << 10

export interface Outbox {
  record(record: RequestRecord): void
  /** what waits, now: before a worker ends */
  flush(): void
}

export function outbox(wanted: { readonly events: boolean; readonly access: boolean }, send: (events: string, access: string) => void): Outbox {
  let events = ''
  let access = ''
  let timer: NodeJS.Timeout | undefined
  const log = eventLog((line) => {
    events += line
  })
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (events === '' && access === '') return
    send(events, access)
    events = ''
    access = ''
  }
  return {
    record(record) {
      if (wanted.events) log.request(record)
      if (wanted.access) access += `${squidLine(record)}\n`
      if (events.length + access.length > MOST) flush()
      else timer ??= setTimeout(flush, WAIT_MS)
    },
    flush,
  }
}
