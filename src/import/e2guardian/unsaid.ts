// Options of e2guardian that decide something and have no place in the policy. Danger prevented: a filter by words, a scanner or a password that is gone, and nobody was told.
import type { Findings } from '../finding.ts'
import type { Option } from './options.ts'

interface Unsaid {
  readonly key: RegExp
  /** of which values it is told; absent: of any but none and `off` */
  readonly value?: RegExp
  readonly message: string
  readonly hint?: string
}

const ALL: readonly Unsaid[] = [
  { key: /^(?:weightedphraselist|bannedphraselist|exceptionphraselist)$/, message: 'what stands in a page is not read here: no phrase closes or opens anything', hint: 'close sites by lists' },
  { key: /^(?:contentscanner)$/, message: 'nothing is scanned for viruses here' },
  { key: /^(?:sslmitm|ssldeepinspect|onlymitmsslgrey)$/, value: /^on$/, message: 'TLS is not opened: of an `https` request the name alone is judged, no path, type or page' },
  { key: /^contentregexplist$/, message: 'pages are not rewritten here' },
  { key: /^(?:proxyip|proxyport)$/, message: 'no other proxy is asked: the gateway goes out by itself' },
  { key: /^(?:usexforwardedfor|forwardedfor)$/, value: /^on$/, message: 'who asks is who connects; what upstream learns of it is `web.forwarded-for`' },
  { key: /^filterip$/, message: 'the address to listen on is not in the policy', hint: 'say it with `serve --host ADDR`' },
  { key: /^maxuploadsize$/, value: /^\d+$/, message: 'uploads are not measured here' },
  { key: /^(?:bypass|infectionbypass)$/, value: /^[^0]/, message: 'nobody passes a refusal by a link' },
  { key: /^reportinglevel$/, value: /^-1$/, message: 'it blocked nothing (`reportinglevel = -1`), and these rules deny', hint: 'for the same: `mode: observe`' },
  { key: /^(?:enablessl|reverseaddresslookups|reverseclientiplookups|deepurlanalysis)$/, value: /^on$/, message: 'it has no place in the policy' },
  { key: /^(?:icapport|transparenthttpsport)$/, value: /^\d/, message: 'it serves HTTP proxy requests; who knows of no proxy is caught with `gateway.proxy.transparent`' },
]

export function tellOptions(options: readonly Option[], findings: Findings): void {
  for (const { line, key, value } of options) {
    const found = ALL.find((each) => each.key.test(key) && (each.value === undefined ? value !== '' && value !== 'off' : each.value.test(value)))
    if (found !== undefined) findings.lost(line, found.message, found.hint)
  }
  for (const { line } of options.filter(({ key }) => key === 'filterports' || key === 'filterport').slice(1)) findings.lost(line, 'one port is served: the last')
}
