// What must hold for every policy: an early denial never contradicts the guard, leave is given only where some address could pass, a trace
// changes nothing, observing lifts no guard, and a rule that is called shadowed never decides.
import t from 'tap'
import fc from 'fast-check'
import { facts, packetJudged, text } from './asking.ts'
import { atoms, clients, hours, policies, requests } from './random.ts'
import { closed } from '../../src/decision/closed.ts'
import { Notes } from '../../src/decision/cause.ts'
import { decide } from '../../src/decision/decide.ts'
import type { TraceStep } from '../../src/decision/facts.ts'
import { guard } from '../../src/decision/guard.ts'
import { judgeAddress } from '../../src/decision/judge.ts'
import { lint } from '../../src/decision/lint.ts'
import { outcome } from '../../src/decision/outcome.ts'
import { clientView } from '../../src/decision/view.ts'
import { liveRules } from '../../src/decision/walk.ts'
import { embeddedIps } from '../../src/net/scope.ts'
import type { Ip } from '../../src/net/ip.ts'

const RUNS = { numRuns: 250 }

t.test('an early denial never contradicts the guard, and leave is given only where some address could pass', async (t) => {
  fc.assert(fc.property(policies(true), clients, requests, hours, ({ compiled }, from, request, now) => {
    const asked = facts(compiled, from, request, { now })
    const decision = decide(compiled, asked)
    const addresses = atoms(compiled)
    if (decision.verdict === 'open') {
      const carries = addresses.some((address) => address.family === 6)
      if (addresses.some((address) => guard(compiled, decision, [address]).verdict === 'allow')) return true
      // addresses that carry others are left out of the sets: there alone leave may be given in vain
      return carries && compiled.policy.web.rules.some((rule) => rule.resolvesTo?.some((range) => range.family === 6) === true)
    }
    if (['default', 'ports', 'connect-ports'].includes(decision.cause.by) || compiled.packets.some(({ rule }) => rule.id === decision.cause.by && rule.via !== 'proxy')) return true
    const view = clientView(compiled, asked.client, asked.via)
    const live = liveRules(compiled, view, asked, undefined, true)
    return addresses.every((address) => judgeAddress(compiled, view, live, address, asked.target.port, now, new Notes(), undefined).refused !== undefined)
  }), RUNS)
  t.pass('for random policies and every edge of their networks')
})

t.test('a trace changes nothing', async (t) => {
  fc.assert(fc.property(policies(false), clients, requests, hours, ({ compiled }, from, request, now) => {
    const asked = facts(compiled, from, request, { now })
    const plain = decide(compiled, asked)
    const trace: TraceStep[] = []
    const traced = decide(compiled, asked, trace)
    const names = (each: typeof plain): string => each.observed.map(({ cause }) => cause.by).join()
    return text(plain) === text(traced) && names(plain) === names(traced) && trace.length > 0
  }), RUNS)
  t.pass('indices and the walk rule by rule agree')
})

t.test('observing lifts no guard, and changes nothing that is allowed', async (t) => {
  fc.assert(fc.property(policies(true), clients, requests, hours, ({ compiled }, from, request, now) => {
    const asked = facts(compiled, from, request, { now })
    const watching = { ...compiled, policy: { ...compiled.policy, mode: 'observe' as const } }
    const addresses = atoms(compiled)
    const whole = (policy: typeof compiled, address: Ip): string => {
      const leave = outcome(policy, decide(policy, asked))
      return text(leave.verdict === 'deny' ? leave : outcome(policy, guard(policy, leave, [address])))
    }
    return addresses.every((address) => {
      const enforced = whole(compiled, address)
      const observed = whole(watching, address)
      if (enforced.startsWith('allow')) return enforced === observed
      if (enforced === 'deny by private') return observed === enforced
      const opening = compiled.policy.web.rules.some((rule) => rule.resolvesTo !== undefined)
      return observed.startsWith('deny') || opening || closed(compiled, address, asked.target.port, undefined) === undefined
    })
  }), RUNS)
  t.pass('for random policies')
})

t.test('a rule that is called shadowed never decides', async (t) => {
  let told = 0
  const packets = fc.constantFrom('tcp/80', 'tcp/443', 'tcp/22', 'udp/53', 'tcp/53', 'icmp/echo-request', 'gre', 'tcp/800', 'udp/9')
  fc.assert(fc.property(policies(false), fc.array(fc.tuple(clients, requests, packets, hours), { minLength: 3, maxLength: 6 }), ({ compiled }, asks) => {
    const names = new Set(lint(compiled).map(({ message }) => /^`([^`]+)`/.exec(message)?.[1]))
    if (names.size === 0) return true
    told++
    return asks.every(([from, request, what, now]) => atoms(compiled).every((address) => {
      if (names.has(packetJudged(compiled, from, `${what} to ${address.text}`, now).split(' by ')[1])) return false
      // a CONNECT to port 80 is judged by what may be asked inside, not by what decides
      if (request === 'CONNECT a.test:80') return true
      const asked = facts(compiled, from, request, { now })
      const view = clientView(compiled, asked.client, asked.via)
      const judged = judgeAddress(compiled, view, liveRules(compiled, view, asked, undefined, true), address, asked.target.port, now, new Notes(), undefined)
      return !(judged.rule !== undefined && names.has(judged.rule.rule.id) && embeddedIps(address).length === 0)
    }))
  }), { numRuns: 200 })
  t.ok(told > 10, `some were told (${told})`)
})
