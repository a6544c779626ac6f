// One case asked in three ways: as the bytes that a client would send, through the very functions of the exchange; as `explain` asks;
// and as a test in a policy.
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import type { RequestFacts } from '../../src/decision/facts.ts'
import { parseWebAsk } from '../../src/decision/ask.ts'
import { explain } from '../../src/decision/explain.ts'
import { nearestVia } from '../../src/decision/nearest-via.ts'
import { decideResponse } from '../../src/decision/response.ts'
import { runPolicyTests } from '../../src/decision/test.ts'
import { mediaType } from '../../src/http/media-type.ts'
import { parseRequestHead } from '../../src/http/request-head.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import type { PolicyTest } from '../../src/policy/policy.ts'
import { whatIsAsked } from '../../src/proxy/asked.ts'
import { judgeAddresses, judgeRequest } from '../../src/proxy/judge.ts'
import type { Case } from './cases.ts'

export interface Verdict {
  readonly verdict: 'allow' | 'deny'
  readonly by: string
}

/** The head that a client sends. */
export function headOf(one: Case): string {
  const authority = one.method === 'CONNECT' ? one.target : (/^http:\/\/([^/?#]*)/.exec(one.target)?.[1] ?? '')
  const body = ['POST', 'PUT'].includes(one.method) ? 'Content-Length: 0\r\n' : ''
  const type = one.contentType === undefined ? '' : `Content-Type: ${one.contentType}\r\n`
  const want = one.responseType === undefined ? '' : `X-Want: ${one.responseType}\r\n`
  return `${one.method} ${one.target} HTTP/1.1\r\nHost: ${authority}\r\n${body}${type}${want}Connection: close\r\n\r\n`
}

export function addresses(texts: readonly string[]): Ip[] {
  return texts.map(address)
}

export function address(text: string): Ip {
  const ip = parseIp(text)
  if (ip === undefined) throw new Error(`a case with a broken address: ${text}`)
  return ip
}

/** As the proxy: bytes, target, decide, guard, response. */
export function byProxy(compiled: CompiledPolicy, one: Case): Verdict | { readonly fault: string } {
  const text = headOf(one)
  const { uriBytes, headerCount } = compiled.policy.limits
  const head = parseRequestHead(text, text.indexOf('\r\n') + 2, { uriBytes, headerCount })
  if (head.kind === 'fault') return { fault: head.error }
  const asked = whatIsAsked(head, undefined)
  if (asked.kind === 'fault') return { fault: asked.error }
  if (asked.kind === 'own') throw new Error('a case that asks the proxy itself')
  const client = address(one.client)
  const facts: RequestFacts = {
    client: { address: client, mac: one.mac },
    via: nearestVia(compiled, client),
    now: one.at,
    method: head.method,
    target: asked.target,
    uri: asked.uri,
    tunnel: asked.kind === 'connect' && asked.target.port !== 80,
    userAgent: head.userAgent,
    contentType: mediaType(head.contentType),
  }
  const snapshot = { compiled, generation: 1, hash: '' }
  const decided = judgeRequest(snapshot, facts)
  if (decided.verdict === 'deny') return { verdict: 'deny', by: decided.cause.by }
  const { host } = asked.target
  const guarded = judgeAddresses(snapshot, decided, host.kind === 'address' ? [host.address] : addresses(one.addresses))
  if (guarded.verdict === 'deny') return { verdict: 'deny', by: guarded.cause.by }
  const endpoint = guarded.endpoints[0]
  if (endpoint === undefined) throw new Error('a permit that permits nothing')
  const response = asked.kind === 'fetch' ? decideResponse(compiled, guarded, endpoint, one.responseType) : undefined
  return response === undefined ? { verdict: 'allow', by: endpoint.cause.by } : { verdict: 'deny', by: response.cause.by }
}

/** As `explain`, which knows nothing of a response. */
export function byExplain(compiled: CompiledPolicy, one: Case): Verdict | { readonly fault: string } {
  const asked = parseWebAsk(one.target, one.method)
  if (!asked.ok) return { fault: asked.problem }
  const client = address(one.client)
  const told = explain(compiled, {
    client: { address: client, mac: one.mac },
    via: nearestVia(compiled, client),
    now: one.at,
    ask: asked.value,
    addresses: addresses(one.addresses),
    ...(one.contentType === undefined ? {} : { contentType: one.contentType }),
  })
  return { verdict: told.verdict, by: told.rule }
}

/** Whether a policy's test that expects this would hold; what it says when not. */
export function byTest(compiled: CompiledPolicy, one: Case, expected: Verdict): string | undefined {
  const test: PolicyTest = {
    index: 0,
    place: { file: 'case', line: 1, column: 1 },
    from: one.client,
    ...(one.mac === undefined ? {} : { mac: one.mac }),
    ask: { kind: 'request', method: one.method, url: one.target },
    expect: expected.verdict,
    by: expected.by,
    address: one.addresses,
    at: one.at,
    ...(one.contentType === undefined ? {} : { contentType: one.contentType }),
    ...(one.responseType === undefined || one.method === 'CONNECT' ? {} : { responseType: one.responseType }),
  }
  return runPolicyTests({ ...compiled, policy: { ...compiled.policy, tests: [test] } })[0]?.message
}
