// One random policy against the kernel: its text loaded with a tap in it, random packets sent, and for each the lines that the kernel says it
// met beside those that the reader of the text, the simulator and the policy's own judgement expect.
import type { Line, Ruleset } from '../../../src/firewall/ruleset.ts'
import { parsePolicy } from '../../../src/policy/parse.ts'
import { Cuts, addPolicy } from '../../../src/proof/cuts.ts'
import { readIptables } from '../../../src/proof/from-iptables.ts'
import { readNft } from '../../../src/proof/from-nft.ts'
import { modelOfRuleset } from '../../../src/proof/from-ruleset.ts'
import { agree, ruleOfOutcome, toldOf } from '../../../src/proof/judges.ts'
import type { Model, Rule } from '../../../src/proof/model.ts'
import type { Packet } from '../../../src/proof/packet.ts'
import { PolicyJudge } from '../../../src/proof/policy-judge.ts'
import { serviceText } from '../../../src/proof/service.ts'
import { Space } from '../../../src/proof/space.ts'
import { Walk } from '../../../src/proof/walk.ts'
import type { Outcome, Step } from '../../../src/proof/walk.ts'
import { worldOf } from '../../../src/proof/world.ts'
import { materialOf, rendered } from '../material.ts'
import type { Material } from '../material.ts'
import { GREEN_MAC, RED_ADDRESSES, RED_MAC } from './field.ts'
import type { Field, Heard } from './field.ts'
import { frame, ipPacket } from './frames.ts'
import { tappedIptables, tappedNft } from './instrument.ts'
import { Probes } from './probes.ts'
import type { Probe } from './probes.ts'
import { randomPolicy } from './random-policy.ts'
import type { Random } from './random-policy.ts'

export type Backend = 'nft' | 'iptables'
/** Planted in the compiler: what every text then repeats. */
export type Fault = 'ports' | 'macs' | 'disabled'

export const KINDS = ['false accept', 'false drop', 'wrong rule', 'unseen', 'policy'] as const
export type Kind = (typeof KINDS)[number]

export interface Tally {
  packets: number
  accepted: number
  /** of those, to the socket that catches */
  caught: number
  readonly found: Record<Kind, number>
  /** the first of them, as text */
  readonly shown: string[]
}

export function tally(): Tally {
  return { packets: 0, accepted: 0, caught: 0, found: { 'false accept': 0, 'false drop': 0, 'wrong rule': 0, unseen: 0, policy: 0 }, shown: [] }
}

/** A policy that can be compiled, and its text. */
export function drawnPolicy(random: Random): { readonly text: string; readonly material: Material } {
  for (;;) {
    const text = randomPolicy(random)
    const { policy } = parsePolicy(text, 'policy.yaml')
    if (policy === undefined) continue
    return { text, material: materialOf(text, factsFor(text)) }
  }
}

function factsFor(text: string): Parameters<typeof materialOf>[1] {
  const resolver = RED_ADDRESSES[0]
  if (resolver === undefined) throw new Error('no address')
  return { ownAddresses: RED_ADDRESSES, resolvers: [{ address: { ...resolver, value: 0x09090909n, text: '9.9.9.9' }, port: 53 }], ...(text.includes('"user":"13"') ? { proxyUid: 13 } : {}) }
}

/** The same policy through a compiler with the fault; undefined: the policy has nothing that it would touch. */
export function faulty({ text, material }: { readonly text: string; readonly material: Material }, fault: Fault): Material | undefined {
  if (fault === 'disabled') return text.includes('"enabled":false') ? { ...material, ruleset: materialOf(text.replaceAll('"enabled":false', '"enabled":true'), factsFor(text)).ruleset } : undefined
  let touched = false
  const change = (line: Line): readonly Line[] => {
    if (line.comment?.startsWith('rule:') !== true) return [line]
    if (fault === 'macs') {
      if (line.tests.macs === undefined) return [line]
      touched = true
      return []
    }
    const { l4 } = line.tests
    if (l4 === undefined || !('ports' in l4) || !l4.ports.some(({ first, last }) => last > first)) return [line]
    touched = true
    return [{ ...line, tests: { ...line.tests, l4: { ...l4, ports: l4.ports.map(({ first, last }) => ({ first, last: last > first ? Math.min(last + 1, 65535) : last })) } } }]
  }
  const chains = material.ruleset.chains.map((chain) => ({ ...chain, lines: chain.lines.flatMap(change) }))
  const ruleset: Ruleset = { ...material.ruleset, chains }
  return touched ? { ...material, ruleset } : undefined
}

/** What the tap tells: lines that name themselves or end a packet's way, those apart that only lead to a log. */
function isTapped({ actions, comment, tests }: Rule): boolean {
  const final = actions.some(({ kind }) => kind === 'accept' || kind === 'drop' || kind === 'reject')
  return (final || comment !== undefined) && !(tests.some(({ on }) => on === 'rate') && actions.some((action) => 'chain' in action && action.chain.toLowerCase().endsWith('log')))
}

interface Expected {
  readonly outcome: Outcome
  readonly steps: readonly Step[]
}

function expect(model: Model, packet: Packet): Expected {
  const walk = new Walk(model, packet)
  const outcome = walk.outcome()
  return { outcome, steps: walk.steps.filter(({ chain, rule }) => isTapped(rule) && !/^(?:GG_)?(?:POST|SHAPE)/i.test(chain)) }
}

export class Trial {
  readonly #field: Field
  readonly #loaded: Material
  readonly #probes: readonly Probe[]
  readonly #judge: PolicyJudge
  readonly #simulator: Model
  readonly #faulted: boolean
  static #number = 0

  /** `bad`: what is loaded in place of the right rules. */
  constructor(field: Field, good: Material, packets: number, random: Random, bad?: Material) {
    this.#field = field
    this.#loaded = bad ?? good
    this.#faulted = bad !== undefined
    const { compiled, facts, ruleset } = good
    const world = worldOf(compiled.policy, facts.ownAddresses)
    this.#simulator = modelOfRuleset(ruleset)
    this.#judge = new PolicyJudge(compiled, facts, world, ruleset.generation)
    const cuts = new Cuts()
    cuts.model(this.#simulator)
    addPolicy(cuts, compiled, world, facts.resolvers)
    const maker = new Probes(new Space(cuts, world, Math.floor(facts.now / 1000)), world, ruleset, random)
    const probes: Probe[] = []
    while (probes.length < packets) {
      const probe = maker.next()
      if (probe === undefined) continue
      const { steps } = expect(this.#simulator, probe.packet)
      // what routing stops by itself, no rule behind it sees
      if (!Probes.stopsBetween(probe.packet) || steps.at(-1)?.chain === 'RAW') probes.push(probe)
    }
    this.#probes = probes
  }

  async run(backend: Backend, sum: Tally): Promise<void> {
    const text = (format: 'nft' | 'iptables' | 'ip6tables'): string => rendered(this.#loaded, format)
    if (backend === 'nft') this.#field.load('nft delete table inet greengate 2> /dev/null; nft -f -', tappedNft(text('nft')))
    else {
      this.#field.load('ip6tables-restore', tappedIptables(text('ip6tables')))
      this.#field.load('iptables-restore', tappedIptables(text('iptables')))
    }
    const models = backend === 'nft' ? { 4: readNft(text('nft')), 6: readNft(text('nft')) } : { 4: readIptables(text('iptables'), 4).model, 6: readIptables(text('ip6tables'), 6).model }
    const sent = new Map<number, Probe>()
    const bodies = new Map<number, Buffer>()
    for (const probe of this.#probes) {
      const number = Trial.#number++ & 0xffffff
      const body = ipPacket(probe.packet, number, probe.flags)
      sent.set(number, probe)
      bodies.set(number, body)
      if (probe.packet.hook === 'output') this.#field.sendOwn(probe.packet.family, probe.packet.uid ?? 0, body)
      else this.#field.sendFrame(probe.packet.in, frame(probe.packet, probe.packet.in === 'green0' ? GREEN_MAC : RED_MAC, body))
    }
    const heard = Map.groupBy(await this.#field.heard(), ({ number }) => number)
    for (const [number, probe] of sent) this.#compare(backend, probe.packet, bodies.get(number) ?? Buffer.alloc(0), heard.get(number) ?? [], models[probe.packet.family], sum)
    this.#field.load(backend === 'nft' ? 'nft delete table inet greengate' : 'for tool in iptables ip6tables; do for table in filter raw mangle nat; do $tool -t $table -F; $tool -t $table -X; done; done', '')
  }

  #compare(backend: Backend, packet: Packet, body: Buffer, heard: readonly Heard[], model: Model, sum: Tally): void {
    const simulated = expect(this.#simulator, packet)
    const read = expect(model, packet)
    // an error that quotes the packet goes another way, and so does not count
    const own = heard.filter((each) => each.output === (packet.hook === 'output') && sameEnds(each.packet, body))
    const accepted = own.some(({ prefix }) => prefix === 'accepted')
    const lines = own.filter(({ prefix }) => prefix !== 'accepted').map(({ prefix }) => prefix)
    sum.packets += 1
    if (accepted) sum.accepted += 1
    if (accepted && simulated.outcome.caught !== undefined) sum.caught += 1
    const expected = simulated.outcome.verdict === 'accept'
    const named = (line: string): string => {
      const [chain = '', number = ''] = line.split(':')
      return model.chains.get(chain)?.rules[Number(number) - 1]?.comment ?? ''
    }
    const judged = this.#judge.judge(packet)
    let kind: Kind | undefined
    if (accepted !== expected) kind = accepted ? 'false accept' : lines.length === 0 ? 'unseen' : 'false drop'
    // the kernel goes the lines that the text's reader goes, and by them the rule decides that the simulator names
    else if (lines.join() !== read.steps.map(({ chain, rule }) => `${chain}:${rule.number}`).join() || ruleOfOutcome(read.outcome) !== ruleOfOutcome(simulated.outcome)) kind = 'wrong rule'
    else if (!this.#faulted && ((judged !== undefined && !agree(judged, toldOf(simulated.outcome))) || !agree(toldOf(read.outcome), toldOf(simulated.outcome)))) kind = 'policy'
    if (kind === undefined) return
    sum.found[kind] += 1
    if (sum.shown.length < 12) {
      sum.shown.push(`${backend}: ${kind}: ${packet.hook} ${serviceText(packet.service)} from ${packet.source.text} ${packet.mac ?? ''} ${packet.in} to ${packet.destination.text} ${packet.out} ${packet.state}${packet.syn ? ' syn' : ''} port ${packet.sourcePort} hop limit ${packet.hopLimit} user ${packet.uid ?? '-'}
    kernel ${accepted ? 'accepts' : 'does not accept'}: ${lines.map((line) => `${line} ${named(line)}`).join(', ')}
    expected ${simulated.outcome.verdict}: ${read.steps.map(({ chain, rule }) => `${chain}:${rule.number} ${rule.comment ?? ''}`).join(', ')}; policy ${judged === undefined ? 'has no say' : `${judged.verdict} ${judged.by} ${judged.answer ?? ''}`}`)
    }
  }
}

/** Of the same sender to the same target. */
function sameEnds(a: Buffer, b: Buffer): boolean {
  const six = b.readUInt8(0) >> 4 === 6
  return a.length >= (six ? 40 : 20) && a.readUInt8(0) >> 4 === b.readUInt8(0) >> 4 && a.subarray(six ? 8 : 12, six ? 40 : 20).equals(b.subarray(six ? 8 : 12, six ? 40 : 20))
}
