// The event log: one JSON line for each request (event-line.ts) and, by pino, for each thing that happens to the gateway. The names of the
// fields are a promise to whoever reads them (README). Dangers prevented: a line that is no JSON, or that carries bytes of a client raw;
// one that is as long as a client or a name server likes.
import { pino } from 'pino'
import { escapeText } from './escape.ts'
import { eventLine } from './event-line.ts'
import type { RequestRecord } from './record.ts'

export type Level = 'info' | 'warn' | 'error'

/** What happens to the gateway itself, beside the requests. */
export type GatewayEvent =
  | 'serving' | 'reloaded' | 'reload-failed' | 'addresses-changed' | 'worker-lost' | 'worker-started' | 'log-reopened' | 'log-lost' | 'store-failed' | 'store-well' | 'left-out' | 'list-updated' | 'list-failed' | 'draining' | 'ended'

export interface EventLog {
  request(record: RequestRecord): void
  gateway(level: Level, event: GatewayEvent, message: string, fields?: Readonly<Record<string, string | number | readonly string[]>>): void
}

/** Characters of one text of an event, and of a list of them. */
const MOST_TEXT = 512
const MOST_LIST = 5_000

/** As many as have room; a policy may have thousands of errors, and a machine thousands of addresses. */
function listed(texts: readonly string[]): readonly string[] {
  const told: string[] = []
  let length = 0
  for (const each of texts) {
    const text = escapeText(each, MOST_TEXT)
    length += text.length
    if (length > MOST_LIST) return [...told, `... ${texts.length - told.length} more`]
    told.push(text)
  }
  return told
}

/** `write` takes whole lines, each with its line break. */
export function eventLog(write: (line: string) => void): EventLog {
  const logger = pino({ base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, { write })
  return {
    request(record) {
      write(eventLine(record))
    },
    gateway(level, event, message, fields = {}) {
      const safe: Record<string, unknown> = {}
      for (const [name, value] of Object.entries(fields)) {
        safe[name] = typeof value === 'string' ? escapeText(value, MOST_TEXT) : typeof value === 'number' ? value : listed(value)
      }
      logger[level]({ time: new Date().toISOString(), event, ...safe }, escapeText(message, MOST_TEXT))
    },
  }
}
