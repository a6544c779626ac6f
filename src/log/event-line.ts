// The line of a request in the event log, as pino would write it, put together by hand: a worker writes one for every request, and pino looks at forty fields in turn for what is known here.
// Dangers prevented: a line that is no JSON, or that carries bytes of a client raw; a log that costs a request a quarter of its time.
import { escapeText, escapeUri } from './escape.ts'
import type { RequestRecord } from './record.ts'
import { redactTarget } from './redact.ts'

/** What JSON writes otherwise, or a log must. */
const NOT_PLAIN = /[^\x20\x21\x23-\x5b\x5d-\x7e]/

/** As a JSON string. Nearly all that is ever logged stands there as it is. */
function quoted(text: string, most: number): string {
  return text.length > most || NOT_PLAIN.test(text) ? JSON.stringify(escapeText(text, most)) : `"${text}"`
}

/** The same for a text that is mostly that of the request before: a rule, its reason, a browser. */
function remembered(most: number): (text: string) => string {
  let last: string | undefined
  let told = ''
  return (text) => {
    if (text !== last) {
      told = quoted(text, most)
      last = text
    }
    return told
  }
}

const ruleText = remembered(64)
const reasonText = remembered(512)
const hashText = remembered(64)
const agentText = remembered(512)
const typeText = remembered(256)
const clientText = remembered(256)

function targetText(text: string): string {
  const target = redactTarget(text)
  return target.length > 4096 || NOT_PLAIN.test(target) || target.includes(' ') ? JSON.stringify(escapeUri(target)) : `"${target}"`
}

function numberText(value: number): string {
  return Number.isFinite(value) ? `${value}` : 'null'
}

/** A tenth of a millisecond is all that anybody reads. */
function msText(ms: number): string {
  const tenths = Math.round(ms * 10)
  // whole numbers are written much faster than others
  if (!(tenths >= 0 && tenths < 1e9)) return numberText(tenths / 10)
  const whole = Math.floor(tenths / 10)
  return tenths === whole * 10 ? `${whole}` : `${whole}.${tenths - whole * 10}`
}

/** Together with these no line has more than 24 KiB. */
const MOST_ADDRESSES = 32
const MOST_OBSERVED = 8

function addressesText(addresses: readonly string[]): string {
  if (addresses.length === 1) return `[${quoted(addresses[0] ?? '', 64)}]`
  return JSON.stringify(addresses.length <= MOST_ADDRESSES ? addresses : [...addresses.slice(0, MOST_ADDRESSES), `... ${addresses.length - MOST_ADDRESSES} more`])
}

function observedText(observed: RequestRecord['observed']): string {
  const told: Readonly<Record<string, unknown>>[] = observed.slice(0, MOST_OBSERVED).map((each) => ({ verdict: each.verdict, rule: escapeText(each.rule, 64), reason: escapeText(each.reason, 120) }))
  if (observed.length > MOST_OBSERVED) told.push({ more: observed.length - MOST_OBSERVED })
  return JSON.stringify(told)
}

let second = Number.NaN
let secondText = ''

/** What does not change within a second is made once in it. */
function timeText(time: number): string {
  const now = Math.floor(time / 1000)
  if (now !== second) {
    secondText = new Date(now * 1000).toISOString().slice(0, -4)
    second = now
  }
  return `${secondText}${String(Math.floor(time - now * 1000)).padStart(3, '0')}Z`
}

function levelOf({ verdict, fault }: RequestRecord): string {
  return verdict === 'allow' ? 'info' : fault === 'gateway' ? 'error' : 'warn'
}

/** In the order in which a person asks: when, who, what, what became of it, why, where to, how much, how long. */
export function eventLine(record: RequestRecord): string {
  const { mac, group, place, limit, observed, fault, error, addresses, address, contentType, userAgent, serverName, dns, dial, firstByte } = record
  let line = `{"level":"${levelOf(record)}","time":"${timeText(record.time)}","event":"request","id":${quoted(record.id, 256)},"client":${clientText(record.client)},"clientPort":${numberText(record.clientPort)}`
  if (mac !== undefined) line += `,"mac":${quoted(mac, 64)}`
  if (group !== undefined) line += `,"group":${quoted(group, 64)}`
  line += `,"method":${quoted(record.method, 64)},"target":${targetText(record.target)},"host":${quoted(record.host, 256)},"port":${numberText(record.port)},"verdict":"${record.verdict}","rule":${ruleText(record.rule)}`
  if (place !== undefined) line += `,"place":${quoted(`${escapeText(place.file, 512)}:${place.line}`, 600)}`
  line += `,"reason":${reasonText(record.reason)}`
  if (limit !== undefined) line += `,"limit":${quoted(limit, 256)}`
  if (observed.length > 0) line += `,"observed":${observedText(observed)}`
  if (fault !== undefined) line += `,"fault":"${fault}"`
  if (error !== undefined) line += `,"error":${quoted(error, 256)}`
  if (addresses.length > 0) line += `,"addresses":${addressesText(addresses)}`
  if (address !== undefined) line += `,"address":${quoted(address, 64)}`
  line += `,"status":${numberText(record.status)}`
  if (contentType !== undefined) line += `,"contentType":${typeText(contentType)}`
  if (userAgent !== undefined) line += `,"userAgent":${agentText(userAgent)}`
  if (serverName !== undefined) line += `,"serverName":${quoted(serverName, 256)}`
  if (record.ech) line += ',"ech":true'
  line += `,"bytesIn":${numberText(record.bytesIn)},"bytesOut":${numberText(record.bytesOut)},"duration":${msText(record.duration)}`
  if (dns !== undefined) line += `,"dns":${msText(dns)}`
  if (dial !== undefined) line += `,"dial":${msText(dial)}`
  if (firstByte !== undefined) line += `,"firstByte":${msText(firstByte)}`
  if (record.reused) line += ',"reused":true'
  return `${line},"generation":${numberText(record.generation)},"hash":${hashText(record.hash)},"worker":${numberText(record.worker)}}\n`
}
