// May this client use the proxy at the address that it asked? The packet rules' answer, held by the proxy itself, so that it is true
// where no packet filter is loaded too. Danger prevented: an open proxy.
import type { Ip } from '../net/ip.ts'
import { idle } from './activity.ts'
import { Notes } from './cause.ts'
import type { Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Client, Denial, TraceStep } from './facts.ts'
import { refuse } from './outcome.ts'
import { idleDetail, tell, tellRule } from './trace.ts'
import type { Trace } from './trace.ts'
import { clientView, reachMismatch } from './view.ts'
import type { ClientView } from './view.ts'

/** Asked for the proxy's own pages; `decide` asks it for every request. */
export function reach(compiled: CompiledPolicy, client: Client, via: Ip, now: number, trace?: TraceStep[]): Denial | undefined {
  const notes = new Notes()
  const refused = judgeReach(compiled, clientView(compiled, client, via), now, notes, trace)
  return refused === undefined ? undefined : refuse(compiled, refused, notes, () => 'pass')
}

export function judgeReach(compiled: CompiledPolicy, view: ClientView, now: number, notes: Notes, trace: Trace): Refused | undefined {
  if (view.outside !== undefined) {
    tell(trace, 'through green or from the machine itself', 'no match', view.client.address.text)
    return view.outside
  }
  if (view.admin) {
    tell(trace, 'gateway.admin', 'match', 'the proxy\'s port is one of the admin\'s')
    return undefined
  }
  if (view.blocked !== undefined) {
    trace?.push({ what: 'blocks', result: 'match', ...(view.blocked.refused.cause.place === undefined ? {} : { place: view.blocked.refused.cause.place }) })
    return view.blocked.refused
  }
  if (compiled.served) {
    tell(trace, 'gateway.serve', 'match', 'proxy')
    return undefined
  }
  for (const ready of trace === undefined ? view.reach : compiled.packets) {
    if (trace !== undefined) {
      const mismatch = reachMismatch(compiled, ready, view.client, view.via)
      if (mismatch !== undefined) {
        tellRule(trace, ready.rule, ready.rule.enabled ? 'no match' : 'skipped', mismatch)
        continue
      }
    }
    const why = idle(ready.timing, now)
    if (why !== undefined) {
      tellRule(trace, ready.rule, 'skipped', idleDetail(ready.rule, why))
      continue
    }
    if (ready.observed !== undefined) {
      tellRule(trace, ready.rule, 'observed')
      notes.add(ready.observed)
      continue
    }
    tellRule(trace, ready.rule, 'match', `tcp/${compiled.machine.proxyPort} to ${view.via.text}`)
    return ready.denies ? ready.refused : undefined
  }
  tell(trace, 'no packet rule allows the proxy\'s port', 'match', 'denied by default')
  return view.unreached
}
