// The rules that the kernel lists, read back as packets would meet them: the policy's own tests and the admin's way in, walked through the live text.
// Danger prevented: rules that are loaded exactly as they were printed, and were printed wrong.
import { parsePacketAsk } from '../decision/ask.ts'
import type { CompiledPolicy } from '../decision/compile.ts'
import type { Family } from '../net/ip.ts'
import { ipFromValue, parseIp } from '../net/ip.ts'
import { readIptables } from '../proof/from-iptables.ts'
import { readNft } from '../proof/from-nft.ts'
import type { Model } from '../proof/model.ts'
import { packetOf } from '../proof/question.ts'
import type { PacketQuestion } from '../proof/question.ts'
import { walk } from '../proof/walk.ts'
import { worldOf } from '../proof/world.ts'
import type { OwnRules } from './own-rules.ts'

export type SelfTested =
  | { readonly ok: true; readonly packets: number }
  | { readonly ok: false; readonly problem: string }

interface Expected {
  readonly question: PacketQuestion
  readonly passes: boolean
  readonly what: string
}

/** Those that ask for one packet of one client, whatever the time. */
function ofTests({ policy, machine, known }: CompiledPolicy): readonly Expected[] {
  return policy.tests.flatMap(({ ask, from, mac, at, expect, place }): readonly Expected[] => {
    const client = parseIp(from)
    if (ask.kind !== 'packet' || client === undefined || at !== undefined || known.own.has(client)) return []
    const asked = parsePacketAsk(policy, machine.proxyPort, ask.protocol, ask.to)
    return asked.ok ? asked.value.filter(({ protocol, port }) => protocol !== 'icmp' || port !== undefined).map((each) => ({
      question: { from: client, ...(mac === undefined ? {} : { mac }), ask: each }, passes: expect === 'allow',
      what: `the test at ${place.file}:${place.line} (${ask.protocol} from ${from} to ${ask.to}, expected: ${expect})`,
    })) : []
  })
}

/** From some address of each green network, whatever the rules say of it. */
function ofAdmin({ policy: { gateway } }: CompiledPolicy): readonly Expected[] {
  return gateway.green.flatMap(({ family, address, network }) => (gateway.admin?.macs ?? []).flatMap((mac) => (gateway.admin?.ports ?? []).map((port): Expected => {
    const from = ipFromValue(family, network.last - 1n === address ? network.last - 2n : network.last - 1n)
    return {
      question: { from, mac, ask: { protocol: 'tcp', port, to: ipFromValue(family, address) } }, passes: true,
      what: `the admin (${mac} from ${from.text}) to port ${port}`,
    }
  })))
}

function modelOf(rules: OwnRules, family: Family): Model | undefined {
  if (rules.nft !== undefined) return readNft(rules.nft)
  const text = family === 4 ? rules.iptables : rules.ip6tables
  return text === undefined ? undefined : readIptables(text, family).model
}

/** Of a gateway that enforces: what only observes lets all pass, and a single machine has no clients. */
export function selfTest(compiled: CompiledPolicy, mode: 'gateway' | 'client', live: OwnRules): SelfTested {
  if (mode === 'client' || compiled.policy.mode === 'observe') return { ok: true, packets: 0 }
  const world = worldOf(compiled.policy, compiled.machine.addresses)
  const models = new Map(([4, 6] as const).map((family) => [family, modelOf(live, family)]))
  const expected = [...ofAdmin(compiled), ...ofTests(compiled)]
  for (const { question, passes, what } of expected) {
    const packet = packetOf(world, question)
    const model = models.get(packet.family)
    if (model === undefined) return { ok: false, problem: `no rules of IPv${packet.family} are in the kernel` }
    const { verdict } = walk(model, packet)
    if ((verdict === 'accept') !== passes) return { ok: false, problem: `${what}: the rules in the kernel say ${verdict}` }
  }
  return { ok: true, packets: expected.length }
}
