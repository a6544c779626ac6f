// A policy of any length, of the kinds of rules that long policies have, and the list file that goes with it: the same for the same numbers.
import { createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'

export interface Size {
  readonly rules: number
  readonly entries: number
  readonly expressions: number
}

export const SMALL: Size = { rules: 10, entries: 0, expressions: 2 }
export const LARGE: Size = { rules: 10_000, entries: 5_000_000, expressions: 1_000 }

const GROUPS = 200
const METHODS = ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']

/** Numbers that look like chance and are the same in each run. */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** As the rules of URL filters are written. */
export function expression(n: number): string {
  switch (n % 8) {
    case 0: return `/ads?${n}/banner`
    case 1: return `(track|count)er${n}\\.(gif|js)`
    case 2: return `[?&]affid${n}=\\d+`
    case 3: return `\\.exe\\?mirror${n}$`
    case 4: return `^http://[^/]+/popup${n}/`
    case 5: return `doubleclick${n}`
    case 6: return `/(images|img)/sponsor${n}[-_]`
    default: return `cgi-bin/.*redir${n}`
  }
}

const TOPS = ['com', 'net', 'org', 'de', 'info', 'co.uk', 'ru', 'xyz']

/** As long as the names of the large free lists: 17 octets in the mean; one in five is below another site. */
export function listedName(n: number): string {
  const site = `${(n * 7_919 % 15_485_863).toString(36)}-offers.${TOPS[n % TOPS.length] ?? ''}`
  return n % 5 === 0 ? `img${n % 50}.${site}` : site
}

/** Conditions of one rule, as the text of a YAML mapping. */
function conditions(n: number, next: (below: number) => number, group: string, urls: readonly string[]): string {
  const from = next(10) === 0 ? '' : `, from: ${group}`
  const kind = next(100)
  const host = `h${n}.firm${next(5000)}.example`
  if (urls.length > 0) return `uri: [${urls.map((url) => `'${url}'`).join(', ')}]`
  if (kind < 35) return `host: ${host}`
  if (kind < 50) return `host: [.b${host}, www.c${host}, "*.d${host}"]`
  if (kind < 58) return `host: .${host}, from: ${group}`
  if (kind < 62) return `host: .${host}, schedule: hours${n % 20}`
  if (kind < 64) return `host: "ad?-*.g${host}"`
  if (kind < 72) return `to: 10.${next(256)}.${next(256)}.0/24`
  if (kind < 74) return `to: [.t${host}, 172.16.${next(256)}.0/24]${from}`
  if (kind < 80) return `methods: [${METHODS[n % METHODS.length] ?? ''}]${from}`
  if (kind < 86) return `schedule: hours${n % 20}, ports: [${8000 + next(80)}]${from}`
  if (kind < 90) return `list: listed, schedule: hours${n % 20}${from}`
  if (kind < 92) return `list: listed${from}`
  if (kind < 95) return `ports: [${2000 + next(8000)}]${from}`
  if (kind < 98) return `user-agent: ['robot${n}/']${from}`
  return `content-type: application/x-kind${n}${from}`
}

/** Everything but the last rule passes over `origin.test`, which any loopback client may fetch. */
export function policyText(size: Size): string {
  const next = chance(size.rules)
  const lines = ['version: 1', 'name: scale', 'addresses:', '  All: [127.0.0.0/8]']
  const groups = Math.min(GROUPS, size.rules)
  // each of them holds some of the clients that ask
  for (let g = 0; g < groups; g++) lines.push(`  Group${g}: [127.0.${g}.0/24, 192.168.${g}.0/24, 127.9.${next(250)}.0/29]`)
  lines.push('schedules:')
  for (let s = 0; s < 20; s++) lines.push(`  hours${s}: mon-fri ${String(s).padStart(2, '0')}:00-${String(s + 4).padStart(2, '0')}:00`)
  if (size.entries > 0) lines.push('lists:', '  listed: { domains: listed.txt }')
  lines.push(
    'rules: [ { name: use, action: allow, from: All, to: gateway, services: proxy } ]',
    'limits: { connections: 20000, connections-per-client: 20000, tunnels-per-client: 20000, new-per-second-per-client: 1000000, new-per-second: 1000000, tunnels: 20000 }',
    'web:', '  ports: [1-65535]', '  connect-ports: [1-65535]', '  tunnels: { require-tls: false }', '  rules:',
  )
  const withUrls = Math.min(size.rules / 5, size.expressions / 2)
  let told = 0
  for (let n = 0; n < size.rules - 1; n++) {
    const wanted = n % Math.floor(size.rules / withUrls) === 0 ? Math.ceil(size.expressions / withUrls) : 0
    const urls = Array.from({ length: Math.min(wanted, size.expressions - told) }, () => expression(told++))
    let text = conditions(n, next, `Group${next(groups)}`, urls)
    if (size.entries === 0) text = text.replace('list: listed', `host: .listed${n}.example`)
    lines.push(`    - { name: r${n}, action: ${n % 7 === 0 && text.startsWith('host') ? 'allow' : 'deny'}, ${text} }`)
  }
  lines.push('    - { name: origin, action: allow, from: All, resolves-to: [127.0.0.0/8] }')
  return `${lines.join('\n')}\n`
}

/** The policy and its list in the folder; the policy's path. */
export async function writePolicy(folder: string, size: Size, name = 'policy'): Promise<string> {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(path, policyText(size))
  if (size.entries > 0) await writeNames(join(folder, 'listed.txt'), size.entries)
  return path
}

export async function writeNames(path: string, count: number): Promise<void> {
  const out = createWriteStream(path)
  let text = ''
  for (let n = 0; n < count; n++) {
    text += `${listedName(n)}\n`
    if (text.length < 1 << 20) continue
    if (!out.write(text)) await once(out, 'drain')
    text = ''
  }
  out.end(text)
  await once(out, 'finish')
}
