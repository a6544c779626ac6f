// The tests that a policy carries, run by the same judgement as traffic; with neither clock nor network, as enforced. Danger prevented: a
// policy that is loaded although it no longer does what its author wrote down.
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { PolicyTest } from '../policy/policy.ts'
import { parsePacketAsk, parseWebAsk } from './ask.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Cause, Client, PacketDecision } from './facts.ts'
import { instants } from './instants.ts'
import { nearestVia } from './nearest-via.ts'
import { decidePacket } from './packet.ts'
import { ask } from './question.ts'

interface Got {
  readonly verdict: 'allow' | 'deny'
  /** allowed, and slowed down so: `50kB/s`, `low` */
  readonly limit?: string
  readonly cause: Cause
}

/** One error for each test that fails. */
export function runPolicyTests(compiled: CompiledPolicy): Diagnostic[] {
  if (compiled.policy.tests.length === 0) return []
  const times = instants(compiled.policy)
  return compiled.policy.tests.flatMap((test) => {
    const problem = runTest(compiled, test, test.at === undefined ? times : [test.at])
    return problem === undefined ? [] : [{ ...problem, severity: 'error' as const, place: test.place }]
  })
}

type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint'>

function runTest(compiled: CompiledPolicy, test: PolicyTest, times: readonly number[]): Problem | undefined {
  let first: { readonly at: number; readonly got: Got } | undefined
  for (const at of times) {
    const got = judgeTest(compiled, test, at)
    if ('code' in got) return got
    first ??= { at, got }
    if (!sameToTest(test, got, first.got)) {
      return {
        code: 'test-time',
        message: `the verdict depends on time, and the test names none: ${gotText(first.got)} at ${clock(first.at)}, ${gotText(got)} at ${clock(at)}`,
        hint: `say when: \`at: "${clock(at)}"\``,
      }
    }
  }
  if (first === undefined) return undefined
  const { verdict, cause, limit } = first.got
  const asExpected = test.expect === 'limit' ? limit !== undefined : verdict === test.expect
  if (asExpected && (test.by === undefined || test.by === cause.by)) return undefined
  const expected = test.by === undefined ? test.expect : `${test.expect} by \`${test.by}\``
  const where = cause.place === undefined ? '' : ` (${cause.place.file}:${cause.place.line})`
  return { code: 'test-failed', message: `the test fails: expected ${expected}, got ${gotText(first.got)}${where}: ${cause.reason}`, hint: 'mend the rules, or the test' }
}

/** As far as the test says anything of it: one that names no rule does not mind which of two denies. */
function sameToTest(test: PolicyTest, one: Got, other: Got): boolean {
  const slowed = test.expect !== 'limit' || (one.limit === undefined) === (other.limit === undefined)
  return one.verdict === other.verdict && slowed && (test.by === undefined || one.cause.by === other.cause.by)
}

function clock(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

function gotText(got: Got): string {
  return `${got.limit === undefined ? got.verdict : `limit (${got.limit})`} by \`${got.cause.by}\``
}

function judgeTest(compiled: CompiledPolicy, test: PolicyTest, now: number): Got | Problem {
  const own = test.from === 'gateway'
  const address = own ? parseIp('127.0.0.1') : parseIp(test.from)
  if (address === undefined) return { code: 'test', message: `\`${test.from}\` is no address`, hint: 'a test asks for one client: 192.168.51.35' }
  const client: Client = { address, mac: test.mac }
  return test.ask.kind === 'packet' ? judgePacketTest(compiled, test.ask, own || compiled.known.own.has(address) ? 'gateway' : client, now) : judgeWebTest(compiled, test, test.ask, client, now)
}

function packetGot({ verdict, cause, limit }: PacketDecision): Got {
  return { verdict, cause, ...(limit === undefined ? {} : { limit: limit.text }) }
}

function judgePacketTest(compiled: CompiledPolicy, packet: { readonly protocol: string; readonly to: string }, from: Client | 'gateway', now: number): Got | Problem {
  const asked = parsePacketAsk(compiled.policy, compiled.machine.proxyPort, packet.protocol, packet.to)
  if (!asked.ok) return { code: 'test', message: asked.problem, hint: 'write "tcp/110 to 203.0.113.25"' }
  const got = asked.value.map((each) => ({ each, decision: decidePacket(compiled, { from, now, ...each }) }))
  const first = got[0]?.decision
  // a service may be several packets (dns is udp and tcp): neither `allow` nor `deny` is true of them where they part
  if (got.some(({ decision }) => decision.verdict !== first?.verdict)) {
    const told = got.map(({ each, decision }) => `${each.protocol}/${each.port ?? ''} ${gotText(packetGot(decision))}`).join(', ')
    return { code: 'test-failed', message: `the test fails: \`${packet.protocol}\` is several packets, and they part: ${told}`, hint: 'ask each by itself: `udp/53`, `tcp/53`' }
  }
  if (first === undefined) return { code: 'test', message: `\`${packet.protocol}\` is no packet` }
  return packetGot(first)
}

function judgeWebTest(compiled: CompiledPolicy, test: PolicyTest, request: { readonly method: string; readonly url: string }, client: Client, now: number): Got | Problem {
  const asked = parseWebAsk(request.url, request.method)
  if (!asked.ok) return { code: 'test', message: `\`${request.url}\`: ${asked.problem}`, hint: 'write "GET http://example.com/" or "CONNECT example.com:443"' }
  const { method, target, uri, tunnel } = asked.value
  const addresses = test.address?.map((text) => parseIp(text)).filter((ip): ip is Ip => ip !== undefined)
  const facts = { client, via: nearestVia(compiled, client.address), now, method, target, uri, tunnel, userAgent: undefined, contentType: test.contentType }
  const { verdict, cause, endpoint } = ask(compiled, { facts, addresses, responseType: test.responseType, serverName: test.serverName }, false, undefined)
  return { verdict, cause, ...(endpoint?.limit === undefined ? {} : { limit: endpoint.limit.text }) }
}
