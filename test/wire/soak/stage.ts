// Where the soak takes place: names, addresses and ports of the sites, the policy in each of its editions, and what each edition says of each
// host. Written once, since the gateway's policy, the clients' expectations and the check of the records must speak of the same.

export interface Stage {
  readonly seed: number
  readonly workers: number
  /** the gateway's, on 127.0.0.1 */
  readonly proxyPort: number
  /** a loopback address of this run's own, on which the sites listen */
  readonly site: string
  readonly namesPort: number
  readonly authority: string
  readonly certificate: string
  readonly key: string
  readonly folder: string
  /** port 80 of `site` is ours: requests inside a CONNECT to it are tried */
  readonly port80: boolean
}

export const PORTS = { http: 18_080, https: 18_443, echo: 18_007, greet: 18_025, odd: 18_099, dead: 18_666 } as const

/** Who asks. Each is a client of its own to the gateway's limits. */
export const GOOD = Array.from({ length: 8 }, (_, i) => `127.0.2.${i + 1}`)
export const HOSTILE = Array.from({ length: 16 }, (_, i) => `127.0.3.${i + 1}`)
/** its process is killed now and then; what it asked is not followed one by one */
export const DOOMED = '127.0.4.1'
export const CURL = '127.0.5.1'
/** programs whose ports nobody sees ask from here: those of their requests that carry no number are not followed one by one */
export const UNSEEN = '127.0.0.1'

export interface Edition {
  readonly number: number
  /** paths with /flip/ are denied */
  readonly flip: boolean
  /** the host `live` is denied, also what is under way there */
  readonly live: boolean
}

export function edition(number: number): Edition {
  return { number, flip: number % 2 === 1, live: number % 5 === 3 }
}

export function policyText(stage: Pick<Stage, 'namesPort'>, { number, flip, live }: Edition): string {
  return `version: 1
name: soak-${number}
gateway:
  resolvers: ["127.0.0.1:${stage.namesPort}"]
rules:
  - { name: use, action: allow, from: any, to: gateway, services: proxy }
lists:
  big: { domains: big.list }
limits:
  head: 3s
  dns: ${number % 3 === 0 ? 3100 : 3000}ms
  dial: 5s
  first-byte: 6s
  idle-body: 6s
  tunnel-idle: 30s
  drain: 5s
  connections-per-client: 150
  new-per-second-per-client: 100
web:
  default: deny
  ports: [1-65535]
  connect-ports: [1-65535]
  contact: it@soak.test
  rules:
    - { name: closed, action: deny, host: closed.soak.test, reason: closed in every edition }
    - { name: listed, action: deny, list: big, reason: stands on a large list }
    - { name: no-video, action: deny, content-type: [video/*], reason: no video }
${flip ? '    - { name: flip, action: deny, uri: [/flip/], reason: closed in this edition }\n' : ''}${live ? '    - { name: live, action: deny, host: live.soak.test, reason: ended by this edition }\n' : ''}    - { name: raw, action: allow, host: [raw.soak.test, keep.soak.test, live.soak.test], ports: [${PORTS.echo}, ${PORTS.greet}], resolves-to: 127.0.0.0/8, tunnels: { require-tls: false, server-name: any } }
    - { name: sites, action: allow, host: .soak.test, resolves-to: 127.0.0.0/8 }
tests:
  - { from: 127.0.2.1, request: "GET http://closed.soak.test/", expect: deny, by: closed }
  - { from: 127.0.2.1, request: "GET http://name-7.listed.soak.test/", expect: deny, by: listed }
`
}

/** Names of a large list, so that each reload carries something that must be given back. */
export function bigList(): string {
  return Array.from({ length: 20_000 }, (_, i) => `name-${i}.listed.soak.test\n`).join('')
}

export interface Zone {
  readonly addresses?: readonly string[]
  readonly ttl?: number
  readonly rcode?: number
  readonly delayMs?: number
  readonly silent?: boolean
}

/** What our name server says; a name that does not stand here does not exist. */
export function zones(site: string): Readonly<Record<string, Zone>> {
  const here = { addresses: [site], ttl: 3 }
  return {
    'www.soak.test': here,
    'keep.soak.test': { addresses: [site], ttl: 0 },
    'live.soak.test': here,
    'raw.soak.test': here,
    'secure.soak.test': here,
    'odd.soak.test': here,
    'odd-later.soak.test': here,
    'git.soak.test': here,
    'closed.soak.test': here,
    'long.soak.test': { addresses: [site], ttl: 600 },
    'slow.soak.test': { addresses: [site], ttl: 0, delayMs: 450 },
    'silent.soak.test': { silent: true },
    'broken.soak.test': { rcode: 2 },
    'private.soak.test': { addresses: ['10.11.12.13'], ttl: 1 },
    'name-7.listed.soak.test': here,
  }
}
