// The policies that ours is measured with. `plain` says what the peers' configurations say, and no less: one network of clients, a hundred denied
// names, two expressions. The others are of the size that a school or an operator has.
import { createWriteStream, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Size {
  readonly rules: number
  readonly entries: number
  readonly expressions: number
}

const SIZES: Readonly<Record<string, Size>> = {
  plain: { rules: 0, entries: 0, expressions: 2 },
  list: { rules: 200, entries: 1_000_000, expressions: 2 },
  large: { rules: 10_000, entries: 5_000_000, expressions: 1_000 },
}

export const POLICIES = Object.keys(SIZES)

export const DENIED: readonly string[] = Array.from({ length: 100 }, (_, i) => `blocked${i}.bench-deny.test`)

/** Limits are out of the way: one client is all the traffic here. */
const LIMITS = 'connections: 20000, connections-per-client: 20000, tunnels: 20000, tunnels-per-client: 20000, new-per-second: 1000000, new-per-second-per-client: 1000000, ' +
  'first-byte: 600s, tunnel-idle: 600s'

/** What each rule beyond the plain ones is like: names, globs, networks and paths, as administrators write them. */
export function ruleLine(i: number): string {
  const kind = i % 10
  const condition =
    kind < 6 ? `host: .rule${i}.example`
      : kind < 7 ? `host: "ads-*.rule${i}.example"`
        : kind < 9 ? `from: 10.${(i >> 8) & 255}.${i & 255}.0/24, host: .part${i % 97}.example`
          : `host: .paths${i}.example, uri: '/private${i}/'`
  return `    - { name: rule-${i}, action: deny, ${condition} }\n`
}

function expressions(count: number): string {
  return ['gateway\\.dll\\?', 'x-msn-messenger', ...Array.from({ length: count }, (_, i) => `/(banner|track)${i}[a-z]?/pixel${i}\\.gif`)].slice(0, count).map((each) => `'${each}'`).join(', ')
}

export function policyText({ rules, entries, expressions: count }: Size, name: string): string {
  return `version: 1
name: bench
addresses: { All: [127.0.0.0/8] }
${entries > 0 ? 'lists: { many: { domains: many.list } }\n' : ''}rules: [ { name: web, action: allow, from: All, to: gateway, services: proxy } ]
limits: { ${LIMITS} }
web:
  ports: [1-65535]
  connect-ports: [1-65535]
  tunnels: { require-tls: false }
  rules:
    - { name: denied, action: deny, host: [${DENIED.map((each) => `.${each}`).join(', ')}] }
    - { name: messenger, action: deny, uri: [${expressions(count)}] }
${entries > 0 ? '    - { name: listed, action: deny, list: many }\n' : ''}${Array.from({ length: rules }, (_, i) => ruleLine(i)).join('')}    - { name: origin, action: allow, host: ${name}, resolves-to: [127.0.0.0/8] }
`
}

/** A listed name; none of them is asked for, as most of what is asked for stands on no list. */
export function listed(i: number): string {
  return `${(Math.imul(i + 1, 2654435761) >>> 0).toString(36)}-${i.toString(36)}.${'abcdefghij'[i % 10]}zone.test`
}

export function* listChunks(entries: number): Generator<Buffer> {
  for (let from = 0; from < entries; from += 10_000) {
    yield Buffer.from(Array.from({ length: Math.min(10_000, entries - from) }, (_, i) => `${listed(from + i)}\n`).join(''))
  }
}

/** A policy's file: of a name above written into the folder, or the user's own. */
export async function policyFile(policy: string, folder: string, origin: string): Promise<string> {
  const size = SIZES[policy]
  if (size === undefined) return policy
  const file = join(folder, 'policy.yaml')
  writeFileSync(file, policyText(size, origin))
  if (size.entries === 0) return file
  const out = createWriteStream(join(folder, 'many.list'))
  for (const chunk of listChunks(size.entries)) if (!out.write(chunk)) await once(out, 'drain')
  out.end()
  await once(out, 'close')
  return file
}
