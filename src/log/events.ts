// The event log: one JSON line for each request and for each thing that happens to the gateway, written by pino. The names of the
// fields are a promise to whoever reads them (README). Dangers prevented: a line that is no JSON, or that carries bytes of a client raw;
// one that is as long as a client or a name server likes.
import { pino } from 'pino'
import { escapeText, escapeUri } from './escape.ts'
import type { RequestRecord } from './record.ts'
import { redactTarget } from './redact.ts'

export type Level = 'info' | 'warn' | 'error'

/** What happens to the gateway itself, beside the requests. */
export type GatewayEvent =
  | 'serving' | 'reloaded' | 'reload-failed' | 'addresses-changed' | 'worker-lost' | 'worker-started' | 'log-reopened' | 'log-lost' | 'left-out' | 'list-updated' | 'list-failed' | 'draining' | 'ended'

export interface EventLog {
  request(record: RequestRecord): void
  gateway(level: Level, event: GatewayEvent, message: string, fields?: Readonly<Record<string, string | number | readonly string[]>>): void
}

function levelOf(record: RequestRecord): Level {
  if (record.verdict === 'allow') return 'info'
  return record.fault === 'gateway' ? 'error' : 'warn'
}

function text(value: string | undefined, most = 256): string | undefined {
  return value === undefined ? undefined : escapeText(value, most)
}

/** Together with these no line has more than 24 KiB. */
const MOST_ADDRESSES = 32
const MOST_OBSERVED = 8

function addressesOf({ addresses }: RequestRecord): readonly string[] | undefined {
  if (addresses.length <= MOST_ADDRESSES) return addresses.length === 0 ? undefined : addresses
  return [...addresses.slice(0, MOST_ADDRESSES), `... ${addresses.length - MOST_ADDRESSES} more`]
}

function observedOf({ observed }: RequestRecord): readonly Readonly<Record<string, unknown>>[] | undefined {
  if (observed.length === 0) return undefined
  const told: Readonly<Record<string, unknown>>[] = observed.slice(0, MOST_OBSERVED).map((each) => ({ verdict: each.verdict, rule: escapeText(each.rule, 64), reason: escapeText(each.reason, 120) }))
  if (observed.length > MOST_OBSERVED) told.push({ more: observed.length - MOST_OBSERVED })
  return told
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10
}

/** The line of a request, in the order in which a person asks: when, who, what, what became of it, why, where to, how much, how long. */
function requestFields(record: RequestRecord): Record<string, unknown> {
  return {
    time: new Date(record.time).toISOString(),
    event: 'request',
    id: record.id,
    client: record.client,
    clientPort: record.clientPort,
    mac: record.mac,
    group: text(record.group, 64),
    method: escapeText(record.method, 64),
    target: escapeUri(redactTarget(record.target)),
    host: escapeText(record.host, 256),
    port: record.port,
    verdict: record.verdict,
    rule: escapeText(record.rule, 64),
    place: record.place === undefined ? undefined : `${escapeText(record.place.file, 512)}:${record.place.line}`,
    reason: escapeText(record.reason, 512),
    limit: record.limit,
    observed: observedOf(record),
    fault: record.fault,
    error: text(record.error),
    addresses: addressesOf(record),
    address: record.address,
    status: record.status,
    contentType: text(record.contentType),
    userAgent: text(record.userAgent, 512),
    serverName: text(record.serverName),
    ech: record.ech ? true : undefined,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    duration: rounded(record.duration),
    dns: rounded(record.dns),
    dial: rounded(record.dial),
    firstByte: rounded(record.firstByte),
    reused: record.reused ? true : undefined,
    generation: record.generation,
    hash: record.hash,
    worker: record.worker,
  }
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
      logger[levelOf(record)](requestFields(record))
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
