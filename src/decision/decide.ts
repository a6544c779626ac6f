// The judgement of a request before its addresses are known: may the client reach the proxy, is the target's port open, do the web
// rules leave a way. Its answer is a denial, or leave to resolve and no more. Danger prevented: a request that is sent, or a name that
// is looked up, before everything that could refuse it was asked.
import { Notes, reserved } from './cause.ts'
import type { Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import { refusedEverywhere } from './early.ts'
import type { Denial, Leave, RequestFacts, TraceStep } from './facts.ts'
import type { PortRange } from '../policy/policy.ts'
import { judgeAddress } from './judge.ts'
import type { Judged } from './judge.ts'
import { refuse } from './outcome.ts'
import { hasPort } from './port-set.ts'
import { judgeReach } from './reach.ts'
import { tell } from './trace.ts'
import type { Trace } from './trace.ts'
import { clientView } from './view.ts'
import { liveFor, liveRules } from './walk.ts'

export { reach } from './reach.ts'

/**
 * A CONNECT that will be no blind tunnel (`tunnel: false`: to port 80, wire rule 20) is denied where no plain request inside it could be
 * allowed; the requests inside are then decided each by itself.
 */
export function decide(compiled: CompiledPolicy, facts: RequestFacts, trace?: TraceStep[]): Denial | Leave {
  const notes = new Notes()
  const view = clientView(compiled, facts.client, facts.via)
  const { host, port } = facts.target
  const shut = judgeReach(compiled, view, facts.now, notes, trace) ?? judgePort(compiled, facts, trace)
  if (shut !== undefined && (shut.firm || compiled.policy.mode !== 'observe')) return refuse(compiled, shut, notes, () => 'pass')
  const first = liveRules(compiled, view, facts, trace, false)
  const live = host.kind === 'address' ? liveFor(compiled, view, facts, first, host.address) : first
  const leave = (): Leave => ({ verdict: 'open', facts, live, observed: notes.observed })
  if (shut !== undefined) return refuse(compiled, shut, notes, leave)
  if (host.kind === 'address') {
    const judged = judgeAddress(compiled, view, live, host.address, port, facts.now, notes, trace)
    return judged.refused === undefined ? leave() : refuse(compiled, judged.refused, notes, () => lifted(compiled, judged, notes, leave))
  }
  const refused = refusedEverywhere(compiled, view, facts, live, notes, trace)
  return refused === undefined ? leave() : refuse(compiled, refused, notes, leave)
}

/** Where a rule's denial is only observed, the guard still stands. */
function lifted(compiled: CompiledPolicy, judged: Judged, notes: Notes, leave: () => Leave): Denial | Leave {
  return judged.firm === undefined ? leave() : refuse(compiled, judged.firm, notes, () => 'pass')
}

/** A CONNECT by `connect-ports`, every other request by `ports`; where a CONNECT's inside is parsed, by both. */
function judgePort(compiled: CompiledPolicy, facts: RequestFacts, trace: Trace): Refused | undefined {
  const { connectPorts, ports } = compiled.policy.web
  const { port } = facts.target
  const connect = facts.method === 'CONNECT'
  if (connect && !hasPort(connectPorts, port)) {
    const mend = port === 80 ? '; a plain http: request may ask the proxy without CONNECT' : ''
    return closedPort('connect-ports', `tunnels to port ${port} are closed (web.connect-ports: ${portsText(connectPorts)})${mend}`, port, trace)
  }
  if ((!connect || !facts.tunnel) && !hasPort(ports, port)) {
    return closedPort('ports', `requests to port ${port} are closed (web.ports: ${portsText(ports)})`, port, trace)
  }
  return undefined
}

function closedPort(word: 'ports' | 'connect-ports', reason: string, port: number, trace: Trace): Refused {
  tell(trace, `web.${word}`, 'no match', `${port}`)
  return { cause: reserved(word, reason), firm: false }
}

function portsText(ports: readonly PortRange[]): string {
  return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}
