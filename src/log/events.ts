// The event log: one JSON line for each request and for each thing that happens to the gateway, written by pino. The names of the
// fields are a promise to whoever reads them (README). Danger prevented: a line that is no JSON, or that carries bytes of a client raw.
import { pino } from 'pino'
import { escapeText, escapeUri } from './escape.ts'
import type { RequestRecord } from './record.ts'
import { redactTarget } from './redact.ts'

export type Level = 'info' | 'warn' | 'error'

/** What happens to the gateway itself, beside the requests. */
export type GatewayEvent =
  | 'serving' | 'reloaded' | 'reload-failed' | 'addresses-changed' | 'worker-lost' | 'worker-started' | 'log-reopened' | 'log-lost' | 'draining' | 'ended'

export interface EventLog {
  request(record: RequestRecord): void
  gateway(level: Level, event: GatewayEvent, message: string, fields?: Readonly<Record<string, string | number | readonly string[]>>): void
}

function levelOf(record: RequestRecord): Level {
  if (record.verdict === 'allow') return 'info'
  return record.fault === 'gateway' ? 'error' : 'warn'
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : escapeText(value)
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
    group: record.group,
    method: escapeText(record.method, 64),
    target: escapeUri(redactTarget(record.target)),
    host: escapeText(record.host, 256),
    port: record.port,
    verdict: record.verdict,
    rule: record.rule,
    place: record.place === undefined ? undefined : `${escapeText(record.place.file)}:${record.place.line}`,
    reason: escapeText(record.reason),
    observed: record.observed.length === 0
      ? undefined
      : record.observed.map((each) => ({ verdict: each.verdict, rule: each.rule, reason: escapeText(each.reason) })),
    fault: record.fault,
    error: text(record.error),
    addresses: record.addresses.length === 0 ? undefined : record.addresses,
    address: record.address,
    status: record.status,
    contentType: text(record.contentType),
    userAgent: text(record.userAgent),
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
        safe[name] = typeof value === 'string' ? escapeText(value) : Array.isArray(value) ? value.map((each) => escapeText(String(each))) : value
      }
      logger[level]({ time: new Date().toISOString(), event, ...safe }, escapeText(message))
    },
  }
}
