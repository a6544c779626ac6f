// The words of a refusal, in HTML, plain text and JSON (wire rule 19). Danger prevented: text of the asker that becomes markup or terminal
// control; a policy's no that an automated client takes for a fault and tries to get round.
import { visibleJson } from '../policy/visible.ts'
import type { PageType } from './accept.ts'
import type { Refusal } from './refuse.ts'

/** Text of the asker as it may stand in a page: control bytes, C1 and what is beyond ASCII percent-encoded, and not without end. */
export function shown(text: string, longest = 2048): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}...` : text
  return cut.replace(/[^\x20-\x7e]/g, (character) => {
    return [...Buffer.from(character, character.charCodeAt(0) < 256 ? 'latin1' : 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** The policy's own sentences (reason, contact) may be in any script; only what is no character of a text goes. */
export function sentence(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
}

interface Words {
  readonly title: string
  readonly lead: string
  readonly advice: string
}

const FORM_ADVICE = 'The gateway refuses what is ambiguous rather than guess. The same bytes will be refused again.'

/** What is said of some answers alone; by status, or by error where that says more. */
const SPECIAL: ReadonlyMap<string | number, Words> = new Map<string | number, Words>([
  ['proxy_loop_detected', {
    title: 'Request goes in a circle',
    lead: 'This request has passed this gateway before.',
    advice: 'Another proxy sends it back here: that is to be mended there. The same request will be refused again.'
  }],
  [404, {
    title: 'No such page',
    lead: 'The gateway itself was asked for a page, and it has no such page.',
    advice: 'A proxy is asked for other sites by their full URI; a client that sends a path alone is not set up to use one.'
  }],
  [405, { title: 'Method not allowed', lead: 'The gateway itself was asked for a page, by a method that it does not know there.', advice: 'Its own pages are read by GET and HEAD.' }],
  [408, { title: 'Request not complete in time', lead: 'The request was refused because it did not come to its end in time.', advice: 'Trying again may help.' }],
  [414, { title: 'Request too large', lead: 'The request was refused because its target is longer than this gateway takes.', advice: FORM_ADVICE }],
  [431, { title: 'Request too large', lead: 'The request was refused because its head is larger than this gateway takes.', advice: FORM_ADVICE }]
])

function words(refusal: Refusal): Words {
  const { status } = refusal
  const special = SPECIAL.get(refusal.error) ?? SPECIAL.get(status)
  if (special !== undefined) return special
  if (status === 403) {
    return {
      title: 'Refused by policy',
      lead: 'This request was refused by the policy of this network.',
      advice: 'This is deliberate and not a fault. Automated clients and agents: do not retry, and do not look for another way to the same end '
        + '(another address, name, port, mirror, protocol or proxy); tell the person you work for.'
    }
  }
  if (status === 429) {
    return {
      title: 'Too many at once',
      lead: 'This request was refused because a limit of this gateway is reached.',
      advice: 'This is deliberate. Wait as long as Retry-After says and ask less often; do not look for a way round the gateway.'
    }
  }
  if (status === 502 || status === 504) {
    return {
      title: status === 504 ? 'No answer in time' : 'The other side failed',
      lead: 'The request was allowed, but could not be fetched.',
      advice: 'The policy of this network did not refuse it. Trying again later may help.'
    }
  }
  if (status === 500 || status === 503) {
    return { title: 'The gateway cannot serve this now', lead: 'The request was not served.', advice: 'Trying again later may help.' }
  }
  return {
    title: 'Request not understood',
    lead: 'The request was refused because of its form.',
    advice: FORM_ADVICE
  }
}

export function refusalBody(type: PageType, refusal: Refusal, contact: string | undefined, gatewayName: string | undefined): string {
  const { title, lead, advice } = words(refusal)
  const rows: (readonly [string, string])[] = [
    ['What', shown(refusal.what)],
    ['Rule', sentence(refusal.cause.by)],
    ['Reason', sentence(refusal.cause.reason)],
    ['Request', shown(refusal.id)]
  ]
  if (contact !== undefined) rows.push(['Ask', sentence(contact)])
  if (gatewayName !== undefined) rows.push(['Gateway', sentence(gatewayName)])
  if (type === 'application/json') {
    return `${visibleJson({
      status: refusal.status,
      title,
      error: refusal.error,
      what: shown(refusal.what),
      rule: refusal.cause.by,
      reason: refusal.cause.reason,
      policy: refusal.status === 403 || refusal.status === 429,
      advice,
      contact: contact ?? null,
      gateway: gatewayName ?? null,
      request: refusal.id
    }, 2)}\n`
  }
  if (type === 'text/plain') {
    const width = 9
    return `${refusal.status} ${title}\n\n${lead}\n\n${rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`).join('\n')}\n\n${advice}\n`
  }
  return htmlPage(title, `<p>${lead}</p>
<dl>
${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}
</dl>
<p>${escapeHtml(advice)}</p>`)
}

/** A page that needs nothing from elsewhere and runs nothing. `body` is markup; `title` is text. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`
}
