// What the proxy answers itself (wire rule 22): the PAC file, under both its names, and the page "why was I blocked?" with the caller's own
// last refusals. Nothing else. Danger prevented: a web page whose name an attacker points at the gateway's address reads that page or feeds
// a PAC (DNS rebinding): only the gateway's own names and addresses are answered.
import { hostname } from 'node:os'
import type { Cause } from '../decision/facts.ts'
import type { Ip } from '../net/ip.ts'
import { parseAuthority } from '../net/target.ts'
import type { Host } from '../net/target.ts'
import { visibleJson } from '../policy/visible.ts'
import type { Gate, OwnAsk } from './gate.ts'
import { preferredType } from './accept.ts'
import { httpDate } from './clock.ts'
import { pacFile } from './pac.ts'
import { escapeHtml, htmlPage, sentence, shown } from './refusal-text.ts'
import type { KeptRefusal } from './refusals.ts'
import { type Refusal, refusalResponse } from './refuse.ts'

const PAC_TYPE = 'application/x-ns-proxy-autoconfig'

/** Is the Host field one of ours: an address of the machine, localhost, its name, `wpad`, `wpad.*`, `gateway.names`? Any port. */
export function isOwnHost(field: string, own: { readonly addresses: readonly Ip[]; readonly names: readonly string[] }): boolean {
  const parsed = parseAuthority(field, 80)
  if (!parsed.ok) return false
  return isOwn(parsed.value.host, own)
}

function isOwn(host: Host, own: { readonly addresses: readonly Ip[]; readonly names: readonly string[] }): boolean {
  if (host.kind === 'address') return own.addresses.some(({ text }) => text === host.address.text)
  const name: string = host.name
  return name === 'localhost' || name === 'wpad' || name.startsWith('wpad.') || name === hostname().toLowerCase() || own.names.includes(name)
}

/** Remembered for the client's own page. */
export function noteRefusal(gate: Gate, client: Ip, refusal: Refusal, time: number): void {
  const { status, cause, what, id } = refusal
  gate.limits.refusals.add(client, { time, status, rule: sentence(cause.by), reason: sentence(cause.reason), what: shown(what, 400), id })
}

function framed(ask: OwnAsk, type: string, text: string): Buffer {
  const body = Buffer.from(text, 'utf8')
  const lines = [
    'HTTP/1.1 200 OK',
    `Date: ${httpDate()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Referrer-Policy: no-referrer'
  ]
  if (ask.close) lines.push('Connection: close')
  else if (ask.minor === 0) lines.push('Connection: keep-alive')
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return ask.method === 'HEAD' ? head : Buffer.concat([head, body])
}

function when(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
}

function pageHtml(refusals: readonly KeptRefusal[], client: Ip, contact: string | undefined): string {
  const whom = contact === undefined ? '' : `<p>Questions: ${escapeHtml(contact)}</p>`
  if (refusals.length === 0) return htmlPage('Why was I blocked?', `<p>Nothing that ${client.text} asked for was refused lately.</p>${whom}`)
  const rows = refusals.map(({ time, status, rule, reason, what, id }) =>
    `<dt>${escapeHtml(what)}</dt><dd>${when(time)}: ${status} by <b>${escapeHtml(rule)}</b>. ${escapeHtml(reason)} <small>(${escapeHtml(id)})</small></dd>`)
  return htmlPage('Why was I blocked?', `<p>The last refusals of ${client.text}:</p>\n<dl>\n${rows.join('\n')}\n</dl>\n${whom}`)
}

function pageText(refusals: readonly KeptRefusal[], client: Ip, contact: string | undefined): string {
  const whom = contact === undefined ? '' : `\nQuestions: ${contact}\n`
  if (refusals.length === 0) return `Nothing that ${client.text} asked for was refused lately.\n${whom}`
  const rows = refusals.map(({ time, status, rule, reason, what, id }) => `${when(time)}  ${status}  ${rule}  ${what}\n    ${reason} (${id})`)
  return `The last refusals of ${client.text}:\n\n${rows.join('\n')}\n${whom}`
}

function page(ask: OwnAsk): Buffer {
  const refusals = ask.gate.limits.refusals.of(ask.client)
  const said = ask.snapshot.compiled.policy.web.contact
  const contact = said === undefined ? undefined : sentence(said)
  const type = preferredType(ask.accept)
  const text = type === 'application/json'
    ? `${visibleJson({ client: ask.client.text, contact: contact ?? null, refusals }, 2)}\n`
    : type === 'text/html' ? pageHtml(refusals, ask.client, contact) : pageText(refusals, ask.client, contact)
  return framed(ask, `${type}; charset=utf-8`, text)
}

/** By what a method is refused there. */
export const READ_ONLY: Cause = { by: 'framing', kind: 'framing', reason: 'the gateway\'s own pages are read by GET and HEAD alone' }

function refusedMethod(ask: OwnAsk): Buffer {
  const { name, web } = ask.snapshot.compiled.policy
  return refusalResponse(
    { status: 405, error: 'http_request_error', cause: READ_ONLY, what: shown(ask.path), id: ask.id, allow: 'GET, HEAD' },
    { method: ask.method, minor: ask.minor, accept: ask.accept, ...(web.contact === undefined ? {} : { contact: web.contact }), gatewayName: name, close: ask.close }
  )
}

/** undefined: not one of our hosts or paths, and the exchange refuses it. */
export function ownResponse(ask: OwnAsk): Buffer | undefined {
  const { machine, policy } = ask.snapshot.compiled
  if (!isOwnHost(ask.host, { addresses: [...machine.addresses, ask.via], names: policy.gateway.names })) return undefined
  const [path] = ask.path.split('?', 1)
  const pac = path === '/proxy.pac' || path === '/wpad.dat'
  if (!pac && path !== '/') return undefined
  if (ask.method !== 'GET' && ask.method !== 'HEAD') return refusedMethod(ask)
  return pac ? framed(ask, PAC_TYPE, pacFile(ask.via, ask.gate.port)) : page(ask)
}
