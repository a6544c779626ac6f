// The shape of a policy file, as zod: the one place where its keys stand. What the schema cannot know (names, networks, patterns,
// times) is resolved by the files beside it. Danger prevented: a key that is misspelt, silently ignored, and thought to protect.
import { z } from 'zod'
import { REJECT_WORDS } from './reject.ts'

/** Text wherever YAML may read a number: `name: 2026` means the word. */
const word = z.union([z.string(), z.number()])
const port = z.int().min(1).max(65535)
const portRange = z.union([z.int(), z.string()])

/** An object whose unknown keys are errors; the message carries the keys that are known, for the hint. */
function keys<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined) })
}

/**
 * Built twice: as it is, and with holes: there every list may hold nulls, which stand for entries that were reported and taken
 * out, so that the rest of the file is still resolved and its other problems told in the same go.
 */
function build(holes: boolean) {
  const list = <T extends z.ZodType>(item: T): z.ZodArray<z.ZodNullable<T>> => z.array(holes ? item.nullable() : item) as z.ZodArray<z.ZodNullable<T>>
  const some = <T extends z.ZodType>(item: T) => z.union([item, list(item)])
  const words = some(word)
  const ports = some(portRange)

  const tunnels = keys({
    'require-tls': z.boolean().describe('the first bytes of a tunnel must be a TLS ClientHello').optional(),
    'server-name': z.enum(['match', 'any']).describe('must the server name of the ClientHello equal the target').optional(),
    ech: z.enum(['allow', 'deny']).describe('encrypted ClientHello').optional(),
  })

  const everyRule = {
    name: word.describe('unique over `rules` and `web.rules`').optional(),
    enabled: z.boolean().optional(),
    remark: word.describe('for the reader of this file, and a comment in the firewall').optional(),
    reason: word.describe('told to the user whom the rule refuses').optional(),
    schedule: words.describe('names of `schedules`, or windows').optional(),
    expires: word.describe('a date or a time from which on the rule is no more').optional(),
    log: z.boolean().optional(),
    mode: z.enum(['enforce', 'observe']).describe('observe: recorded and skipped').optional(),
    pin: z.boolean().describe('the addresses and the MACs of `from` must both fit').optional(),
    from: words.describe('addresses, networks, MACs, names').optional(),
    rate: word.describe('of a rule that limits: `50kB/s`, in each direction').optional(),
    priority: z.enum(['low']).describe('of a rule that limits: yields to all else').optional(),
    per: z.enum(['client', 'group']).describe('whose the rate is: of each client, or of all whom the rule meets').optional(),
  }

  const rejectWith = z.enum(REJECT_WORDS).describe('how a packet is answered that is rejected; IPv6 has its twin of each').optional()

  const rule = keys({
    ...everyRule,
    action: z.enum(['allow', 'deny', 'drop', 'reject', 'limit']),
    to: words.describe('addresses, networks, names; `any`, `green`, `internet`, `gateway`').optional(),
    services: words.describe('names, or `tcp/25`, `udp/5900-5910`, `icmp/echo-request`').optional(),
    via: z.enum(['direct', 'proxy', 'both']).describe('the path that the rule speaks of').optional(),
    'reject-with': rejectWith,
    direct: z.boolean().describe('says that going round the proxy is meant').optional(),
  })

  const webRule = keys({
    ...everyRule,
    action: z.enum(['allow', 'deny', 'limit']),
    to: words.describe('networks, host patterns, names').optional(),
    host: words.describe('`numeric`, host patterns, names').optional(),
    uri: words.describe('linear-time regular expressions, found anywhere, case apart').optional(),
    'content-type': words.describe('type/subtype or type/*').optional(),
    methods: words.optional(),
    ports: ports.optional(),
    list: words.describe('names of `lists`').optional(),
    'user-agent': words.describe('linear-time regular expressions').optional(),
    'resolves-to': words.describe('allow rules only: matches, and opens, these networks').optional(),
    tunnels: tunnels.optional(),
  })

  const rate = word.describe('of the line behind it, what leaves by it at most: `10Mbit/s`').optional()
  const green = keys({ interface: word, address: words.describe('with the prefix length: 192.168.51.254/24'), rate })
  const red = keys({ interface: word, masquerade: z.boolean().optional(), private: z.boolean().describe('admit private addresses to `internet`').optional(), rate })

  const gateway = keys({
    green: some(green).describe('the LAN side').optional(),
    red: some(red).describe('the Internet side').optional(),
    proxy: keys({ port: port.optional(), transparent: z.boolean().describe('web connections of clients that know of no proxy are caught').optional(), user: word.describe('only this user may open web connections from the gateway itself').optional() }).optional(),
    admin: keys({ mac: words, ports: some(port).optional() }).describe('these MACs always reach these ports').optional(),
    serve: words.describe('services that every Green client may ask of the gateway itself').optional(),
    output: keys({ action: z.enum(['allow', 'drop']) }).describe('what the gateway sends itself, where no rule says').optional(),
    default: keys({ action: z.enum(['drop', 'reject']).optional(), 'reject-with': rejectWith, log: z.boolean().optional() }).describe('for packets that no rule matches').optional(),
    resolvers: words.describe('addresses, or "address:port"; empty: the system\'s').optional(),
    names: words.describe('further names of the gateway').optional(),
    timezone: word.describe('of schedules and of times without offset').optional(),
  })

  const web = keys({
    default: z.enum(['allow', 'deny']).optional(),
    ports: ports.describe('target ports that a plain request may name').optional(),
    'connect-ports': ports.describe('and a CONNECT').optional(),
    tunnels: tunnels.optional(),
    contact: word.describe('whom the refusal page names').optional(),
    via: z.boolean().optional(),
    'forwarded-for': z.enum(['delete', 'set', 'keep']).optional(),
    rules: list(webRule).optional(),
  })

  const limits = keys({
    head: word.optional(), dns: word.optional(), dial: word.optional(), 'first-byte': word.optional(), 'idle-body': word.optional(),
    'tunnel-idle': word.optional(), 'tunnel-age': word.optional(), drain: word.optional(),
    'header-bytes': word.optional(), 'header-count': word.optional(), 'uri-bytes': word.optional(),
    connections: word.optional(), tunnels: word.optional(), 'new-per-second': word.optional(),
    'connections-per-client': word.optional(), 'tunnels-per-client': word.optional(), 'new-per-second-per-client': word.optional(),
    'refusals-logged-per-second-per-client': word.optional(), 'requests-logged-per-second-per-client': word.optional(),
  })

  const test = keys({
    from: word, mac: word.optional(), request: word.optional(), packet: word.optional(), expect: z.enum(['allow', 'deny', 'limit']), by: word.optional(),
    address: words.optional(), at: word.optional(), method: word.optional(),
    'content-type': word.optional(), 'response-type': word.optional(), 'server-name': word.optional(),
  })

  const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value)
  return keys({
    version: z.literal(1),
    name: word.optional(),
    mode: z.enum(['enforce', 'observe']).optional(),
    gateway: gateway.optional(),
    addresses: named(words).describe('who and where, by name').optional(),
    services: named(words).optional(),
    schedules: named(words).describe('windows such as `mon-fri 08:00-12:30`').optional(),
    lists: named(keys({
      domains: word.optional(), urls: word.optional(), expressions: word.optional(), hosts: word.optional(),
      url: word.describe('where the file is fetched from').optional(), every: word.describe('how often: `24h`').optional(), sha256: word.describe('what the file must be').optional(),
    })).optional(),
    blocks: named(keys({ file: word, services: words.optional() })).describe('clients that may not use a port, whatever the rules say').optional(),
    rules: list(rule).describe('packets; the first match decides').optional(),
    web: web.describe('requests through the proxy').optional(),
    limits: limits.optional(),
    tests: list(test).optional(),
  })
}

export const policySchema = build(false)
export const policySchemaWithHoles = build(true)

/** A file that has the shape; `null` in a list is an entry that was reported and taken out. */
export type Draft = z.infer<typeof policySchemaWithHoles>
type Item<T> = NonNullable<NonNullable<T> extends readonly (infer I)[] ? I : never>
export type RuleDraft = Item<Draft['rules']>
export type WebRuleDraft = Item<NonNullable<Draft['web']>['rules']>
export type TestDraft = Item<Draft['tests']>
export type Words = NonNullable<RuleDraft['from']>

export function jsonSchema(): object {
  return { ...z.toJSONSchema(policySchema, { target: 'draft-7' }), title: 'Greengate policy, version 1' }
}
