// The firewall's drops as rules to learn: from the kernel's lines in a log file, by the way of `firewall missing`. Danger prevented: a forged, a
// broadcast or a refused packet learned as somebody's need.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { PacketFacts } from '../decision/facts.ts'
import { tellFlow } from '../decision/flow.ts'
import type { LedgerEntry } from '../firewall/ledger-read.ts'
import { fileMessages } from '../kernel/kernel-log.ts'
import { parseKernelLine } from '../log/kernel-line.ts'
import type { Mac } from '../net/mac.ts'
import type { Added } from '../policy/extend.ts'
import { reasonAgainst } from '../report/drop-reason.ts'
import { evidenceText, few } from '../report/learn-policy.ts'
import type { Terms } from '../report/learn-policy.ts'
import { proposalsFor } from '../report/missing.ts'
import type { Candidate } from '../report/missing.ts'
import type { NameMaker } from '../import/names.ts'

export interface LearnedPackets {
  readonly rules: readonly { readonly name: string; readonly added: Added; readonly packets: number; readonly test: Added | undefined }[]
  /** what must pass in the end */
  readonly wanted: readonly PacketFacts[]
  readonly left: readonly { readonly what: string; readonly client: string; readonly why: string; readonly packets: number }[]
  readonly packets: number
}

interface Drop {
  readonly entry: LedgerEntry & { readonly target: NonNullable<LedgerEntry['target']> }
  readonly mac: Mac | undefined
  packets: number
  first: number
  last: number
}

const MOST_DROPS = 100_000

async function dropsOf(file: string, timezone: string, since: number | undefined): Promise<readonly Drop[]> {
  const drops = new Map<string, Drop>()
  for await (const { time, message } of fileMessages(file, { follow: false, timezone, signal: new AbortController().signal })) {
    const record = since !== undefined && time < since ? undefined : parseKernelLine(message)
    if (record === undefined || !/\b(?:DROP|REJECT)\b/.test(record.chain)) continue
    const { source, target, protocol, port, mac } = record
    const key = `${source.text} ${target.text} ${protocol} ${port ?? ''}`
    const drop = drops.get(key)
    if (drop === undefined) {
      if (drops.size >= MOST_DROPS) continue
      drops.set(key, { entry: { source, target, protocol, ...(port === undefined ? {} : { port }), packets: 1, bytes: 0, last: time }, mac, packets: 1, first: time, last: time })
    } else {
      drop.packets += 1
      drop.first = Math.min(drop.first, time)
      drop.last = Math.max(drop.last, time)
    }
  }
  return [...drops.values()]
}

function packetText({ protocol, port }: LedgerEntry): string {
  return typeof protocol === 'number' ? `ip/${protocol}` : `${protocol ?? ''}/${port ?? ''}`
}

/** `reached`: clients that a rule for the proxy's port is learned for already. */
export async function learnPackets(compiled: CompiledPolicy, file: string, since: number | undefined, names: NameMaker, terms: Terms, reached: ReadonlySet<string>): Promise<LearnedPackets> {
  const drops = await dropsOf(file, compiled.policy.gateway.timezone, since)
  const candidates: Candidate[] = []
  const left: LearnedPackets['left'][number][] = []
  for (const { entry: one, mac, packets, last, first } of drops) {
    const entry = { ...one, packets, last, first }
    const { source, target, protocol = 0, port } = entry
    const flow = tellFlow(compiled, { source, mac, target, protocol, port, sourcePort: undefined, now: last })
    const against = reasonAgainst(compiled, entry, flow.decision, last)
    const proxy = protocol === 'tcp' && port === compiled.machine.proxyPort && compiled.known.own.has(target)
    if (against !== undefined) left.push({ what: `${packetText(entry)} to ${target.text}`, client: source.text, why: against.text, packets })
    else if (!proxy || !reached.has(source.text)) candidates.push({ entry, group: flow.group, own: flow.own, known: flow.names.known })
  }
  const proposals = proposalsFor(compiled, candidates, terms.time)
  const rules = proposals.map((proposal) => {
    const name = names.make(`learned-${proposal.services[0] ?? 'packets'}`, 'learned')
    const first = proposal.entries.reduce((least, { entry }) => Math.min(least, entry.first ?? entry.last), proposal.last)
    const evidence = { requests: proposal.packets, clients: Math.max(1, proposal.clients), first, last: proposal.last }
    const example = proposal.entries.find(({ own }) => !own)?.entry
    return {
      name, packets: proposal.packets,
      added: {
        comments: [evidenceText(evidence, 'packet', terms.time), 'without it: denied by default', ...proposal.opens.map((text) => `wider than what was seen: ${text}`), ...proposal.notes],
        fields: {
          name, action: 'allow', from: few(proposal.from), to: few(proposal.to), services: few(proposal.services), ...(proposal.notes.length === 0 ? {} : { direct: true }),
          ...(terms.expires === undefined ? {} : { expires: terms.expires }),
        },
      },
      test: example === undefined || typeof example.protocol === 'number' ? undefined : {
        comments: [], fields: { from: example.source.text, packet: `${packetText(example)} to ${example.target.text}`, at: terms.at, expect: 'allow', by: name },
      },
    }
  })
  return {
    rules, left, packets: drops.reduce((sum, { packets }) => sum + packets, 0),
    wanted: candidates.map(({ entry: { source, target: to, protocol = 0, port, last }, own }) => ({ from: own ? 'gateway' : { address: source, mac: undefined }, to, protocol, port, now: last })),
  }
}
