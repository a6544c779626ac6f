// The proxy asked for what it must not fetch, by clients that may use it; and by one that may not, at all. What the proxy answers is set beside what
// `explain` says. Danger prevented: a closed packet filter with an open proxy in the middle.
import { parseWebAsk } from '../../decision/ask.ts'
import type { CompiledPolicy } from '../../decision/compile.ts'
import { explain } from '../../decision/explain.ts'
import { decidePacket } from '../../decision/packet.ts'
import type { Ip } from '../../net/ip.ts'
import type { DrillClient } from './client.ts'
import { outcomeOf } from './score.ts'
import type { Scored } from './score.ts'
import type { Probe, ProbeResult } from './send.ts'
import { FORBIDDEN } from './ways.ts'

export interface ProxyAttempt {
  readonly client: DrillClient
  readonly title: string
  readonly what: string
  readonly probe: Probe
  readonly allowed: boolean
  readonly because: string
  readonly place?: string
}

/** `via`: the proxy's address. */
export function proxyAttempts(compiled: CompiledPolicy, client: DrillClient, via: Ip, now: number): readonly ProxyAttempt[] {
  const { proxyPort } = compiled.machine
  const address = client.addresses.find(({ family }) => family === via.family)
  if (address === undefined) return []
  const asks = { address, mac: client.mac }
  const reaches = decidePacket(compiled, { from: asks, to: via, protocol: 'tcp', port: proxyPort, now }).verdict === 'allow'
  const gateway = via.family === 6 ? `[${via.text}]` : via.text
  // who may not use it need not be told so a dozen times
  return (reaches ? FORBIDDEN : FORBIDDEN.slice(-1)).flatMap(([title, method, template]): readonly ProxyAttempt[] => {
    const target = template.replace('{gateway}', gateway).replace('{proxy}', String(proxyPort))
    const ask = parseWebAsk(target, method)
    if (!ask.ok) return []
    const told = explain(compiled, { client: asks, via, now, ask: ask.value })
    return [{
      client, title: reaches ? `by the proxy: ${title}` : 'the proxy, without leave', what: `${method} ${target}`, allowed: told.verdict === 'allow' && told.observed !== true, because: told.rule,
      probe: { kind: 'proxy', to: via.text, port: proxyPort, from: address.text, request: `${method} ${target}` },
      ...(told.planes.proxy?.place === undefined ? {} : { place: told.planes.proxy.place.replace(/:\d+$/, '') }),
    }]
  })
}

/** It tried to fetch: it went there, or failed on the way. What it says itself, no, is in the fours. */
function went(result: ProbeResult): boolean {
  return /^status [125]/.test(result)
}

export function scoreProxy(compiled: CompiledPolicy, attempt: ProxyAttempt, result: ProbeResult): Scored {
  const { client, title, what, allowed, because, place } = attempt
  const scored = { client: client.name, title, what, ...(place === undefined ? {} : { place }) }
  if (result.startsWith('failed')) return { ...scored, outcome: 'not tried', because: result }
  const outcome = outcomeOf(went(result), allowed, allowed || compiled.policy.mode === 'observe')
  // what the policy allows and the proxy cannot reach from here is no fault of the lock-down
  return { ...scored, outcome: outcome === 'broken' ? 'not tried' : outcome, because: outcome === 'broken' ? `allowed, and answered ${result}` : because }
}
