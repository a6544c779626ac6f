// A line of our event log, read back. Its fields are the promise of log/events.ts. Danger prevented: a forged or damaged line that is taken for a
// request because some of its fields look right.
import { parseIp } from '../net/ip.ts'
import type { SeenLine, SeenRequest } from './seen.ts'

type Fields = Readonly<Record<string, unknown>>

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}

const NONE: readonly string[] = []

function addresses(value: unknown): readonly string[] {
  // `... 3 more` stands at the end of a long list
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string' && !each.startsWith('...')) : NONE
}

function observed(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return NONE
  return value.flatMap((each: unknown) => {
    const fields = typeof each === 'object' && each !== null ? (each as Fields) : {}
    const rule = text(fields['rule'])
    return fields['verdict'] === 'deny' && rule !== undefined ? [rule] : []
  })
}

/** A client that was masked (its port is cut too) is a network: taken for the address that it begins with, it would be somebody who never asked. */
function clientOf(client: string, port: unknown): string {
  return port === 0 && parseIp(client) !== undefined ? `${client}/${client.includes(':') ? 48 : 24}` : client
}

/** One line, without its line break. */
export function seenFromJson(line: string): SeenLine {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return 'unread'
  }
  return typeof parsed === 'object' && parsed !== null ? seenFromFields(parsed as Fields) : 'unread'
}

/** The same of fields that were parsed already. */
export function seenFromFields(fields: Fields): SeenLine {
  const { event, client, method, target, verdict } = fields
  if (event !== 'request') return typeof event === 'string' ? 'skip' : 'unread'
  const time = Date.parse(String(fields['time']))
  if (Number.isNaN(time) || typeof client !== 'string' || typeof method !== 'string' || typeof target !== 'string') return 'unread'
  if (verdict !== 'allow' && verdict !== 'deny' && verdict !== 'error') return 'unread'
  const seen: SeenRequest = {
    time, client: clientOf(client, fields['clientPort']), mac: text(fields['mac']), group: text(fields['group']), method, target, verdict, rule: text(fields['rule']), observed: observed(fields['observed']), error: text(fields['error']),
    addresses: addresses(fields['addresses']), status: number(fields['status']), contentType: text(fields['contentType']), userAgent: text(fields['userAgent']),
    serverName: text(fields['serverName']), bytesIn: number(fields['bytesIn']), bytesOut: number(fields['bytesOut']), duration: number(fields['duration']),
  }
  return seen
}
