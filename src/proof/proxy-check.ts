// The proxy's own decision beside the packet filter's: its port is for whom the rules let reach it, and what they deny by name it does not
// fetch. Danger prevented: a client that is shut out of a host directly and walks there through the proxy.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { Client } from '../decision/facts.ts'
import { pathRefusal } from '../decision/judge.ts'
import { Notes } from '../decision/cause.ts'
import { nearestVia } from '../decision/nearest-via.ts'
import { ask } from '../decision/question.ts'
import { reach } from '../decision/reach.ts'
import { clientView } from '../decision/view.ts'
import { safeId } from '../firewall/rule-id.ts'
import type { RulesetFacts } from '../firewall/facts.ts'
import { parseAuthority } from '../net/target.ts'
import { embeddedIps } from '../net/scope.ts'
import type { Ip } from '../net/ip.ts'
import { ipFromValue } from '../net/ip.ts'
import type { Judge, Told } from './judges.ts'
import type { Packet } from './packet.ts'
import type { Check, Said } from './prove.ts'
import { PORTS, serviceAt } from './service.ts'
import { greenOf, kindOf } from './world.ts'
import type { World } from './world.ts'
import { pathRule } from './written.ts'

function said(name: string, verdict: Told['verdict'], by: string): Said {
  return { name, told: { verdict, by } }
}

/** A client of green where it belongs, that opens a TCP connection; undefined: no such packet. */
function clientOf(world: World, packet: Packet): Client | undefined {
  if (packet.hook === 'output' || !world.greenInterfaces.includes(packet.in) || packet.state !== 'new' || packet.service > PORTS.tcp.last || !packet.syn) return undefined
  const { source } = packet
  if (greenOf(world, source)?.interface !== packet.in || kindOf(world, source) === 'local') return undefined
  return { address: source, mac: packet.mac }
}

/** One check for each thing that must hold; `count` is told of every packet of which the proxy had a say. */
export function proxyChecks(compiled: CompiledPolicy, facts: RulesetFacts, world: World, rules: Judge, policy: Judge, count: () => void): readonly Check[] {
  // the proxy's own clock goes on, and so does the judgement that it asks
  const now = Math.floor(facts.now / 1000)
  // a client outlives a packet, and what was worked out for it is kept with it
  const known = new Map<string, Client>()
  const remembered = (client: Client): Client => {
    const key = `${client.address.text} ${client.mac ?? ''}`
    const made = known.get(key) ?? client
    known.set(key, made)
    return made
  }
  return [
    (packet) => {
      const found = clientOf(world, packet)
      if (found === undefined || packet.hook !== 'input' || packet.service !== facts.proxyPort || packet.noisy || packet.time !== now) return undefined
      const via = packet.destination
      // the proxy listens where green is
      if (packet.destinationKind !== 'local' || greenOf(world, via) === undefined) return undefined
      count()
      return checkReach(compiled, facts, remembered(found), via, rules.judge(packet))
    },
    (packet) => {
      if (packet.hook !== 'forward') return undefined
      const found = clientOf(world, packet)
      if (found === undefined || packet.time !== now) return undefined
      count()
      return checkPath(compiled, facts, world, remembered(found), packet, policy)
    },
  ]
}

function checkReach(compiled: CompiledPolicy, facts: RulesetFacts, client: Client, via: Ip, told: Told | undefined): readonly Said[] | undefined {
  const denial = reach(compiled, client, via, facts.now)
  const denied = denial !== undefined && denial.otherwise !== 'pass'
  const { cause } = denial ?? {}
  const by = cause === undefined ? (told?.by ?? '') : cause.kind === 'rule' ? `rule:${safeId(cause.by)}` : cause.kind === 'blocks' ? 'blocks' : 'default'
  if (told === undefined || ((told.verdict === 'accept') !== denied && (!denied || by === told.by))) return undefined
  return [{ name: 'ruleset', told }, said('proxy', denied ? 'drop' : 'accept', denied ? by : 'its port is open')]
}

function checkPath(compiled: CompiledPolicy, facts: RulesetFacts, world: World, client: Client, packet: Packet, policy: Judge): readonly Said[] | undefined {
  const { destination } = packet
  const service = serviceAt(packet.service)
  if (service.protocol !== 'tcp') return undefined
  const { port } = service
  const via = nearestVia(compiled, client.address)
  const written = firstWritten(compiled, facts, world, client, destination, port)
  const refused = pathRefusal(compiled, clientView(compiled, client, via), destination, port, facts.now, new Notes(), undefined)?.cause.by
  if (written !== refused) return [said('rules as written', written === undefined ? 'accept' : 'drop', written ?? 'no denial'), said('proxy', refused === undefined ? 'accept' : 'drop', refused ?? 'no denial')]
  const direct = packet.noisy ? undefined : policy.judge(packet)
  if (written === undefined && direct?.by !== 'blocks') return undefined
  // whatever the web's rules say: it is not fetched
  const target = parseAuthority(destination.family === 4 ? `${destination.text}:${port}` : `[${destination.text}]:${port}`, undefined)
  if (!target.ok) return undefined
  const asked = { client, via, now: facts.now, method: 'CONNECT', target: target.value, uri: '', tunnel: true, userAgent: undefined, contentType: undefined }
  const answer = ask(compiled, { facts: asked, addresses: [destination], responseType: undefined, serverName: undefined }, false, undefined)
  return answer.verdict === 'deny' ? undefined : [said('rules as written', 'drop', written ?? 'blocks'), said('proxy', 'accept', answer.cause.by)]
}

/** Of the address, else of one that it carries inside (NAT64, 6to4): a denial holds for both. */
function firstWritten(compiled: CompiledPolicy, facts: RulesetFacts, world: World, client: Client, to: Ip, port: number): string | undefined {
  const outer = pathRule(compiled.policy, world, facts.now, facts.proxyPort, client, to, port)
  if (outer !== undefined && outer.action !== 'allow') return outer.id
  if (to.family === 4) return undefined
  for (const inner of embeddedIps(to)) {
    const rule = pathRule(compiled.policy, world, facts.now, facts.proxyPort, client, ipFromValue(inner.family, inner.value), port)
    if (rule !== undefined && rule.action !== 'allow') return rule.id
  }
  return undefined
}
