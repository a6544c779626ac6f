// `greengate firewall missing`: what was dropped because no rule speaks of it, by client, service and destination, with the narrowest rule that would
// let it pass, to paste, and what that would open beside. A draft for a person, never applied. Danger prevented: "just open the port".
import type { Command } from 'commander'
import type { CompiledPolicy } from '../decision/compile.ts'
import { tellFlow } from '../decision/flow.ts'
import { timeText } from '../firewall/standing.ts'
import type { LedgerEntry } from '../firewall/ledger-read.ts'
import { Neighbours } from '../kernel/neighbours.ts'
import type { Mac } from '../net/mac.ts'
import { readLedger } from '../plane/ledger.ts'
import { reasonAgainst } from '../report/drop-reason.ts'
import { proposalsFor } from '../report/missing.ts'
import type { Candidate, Proposal } from '../report/missing.ts'
import { loadedOf } from './compiled.ts'
import { failure } from './exit.ts'
import { missingJson, missingText } from './missing-text.ts'
import type { Missing, Refused } from './missing-text.ts'
import { Trials } from './missing-trial.ts'
import { portOption } from './options.ts'
import { packetFilter } from './packet-filter.ts'
import type { FilterOptions } from './packet-filter.ts'
import { say, sayJson } from './say.ts'

interface MissingOptions extends FilterOptions {
  readonly policy?: string
  readonly port?: number
  readonly json?: true
}

async function macsOf(compiled: CompiledPolicy, entries: readonly LedgerEntry[]): Promise<ReadonlyMap<string, Mac | undefined>> {
  const neighbours = new Neighbours()
  const macs = new Map<string, Mac | undefined>()
  if (compiled.usesMacs) for (const { source } of entries) if (!macs.has(source.text)) macs.set(source.text, await neighbours.mac(source))
  return macs
}

async function missingAction(options: MissingOptions): Promise<void> {
  const loaded = await loadedOf(options)
  if (loaded === undefined) return
  const { compiled, source } = loaded
  const now = Date.now()
  const filter = packetFilter(compiled, options, now)
  if (filter === undefined) return
  if (process.getuid?.() !== 0) return failure('the kernel tells its drop ledger to root alone', 'run it as root: `sudo greengate firewall missing`')
  const ledger = await readLedger()
  if (!ledger.ok) return failure(ledger.problem, ledger.hint)
  const macs = await macsOf(compiled, ledger.entries)
  const candidates: Candidate[] = []
  const refused: Refused[] = []
  let packets = 0
  for (const entry of ledger.entries) {
    const { source: from, target, protocol, port } = entry
    const client = { address: from, mac: macs.get(from.text) }
    if (filter.since !== undefined && entry.last < filter.since) continue
    if (target === undefined || protocol === undefined) {
      if (options.service !== undefined || !filter.holds(client, { to: from, protocol: 0, port: undefined })) continue
      packets += entry.packets
      refused.push({ entries: [entry], group: undefined, against: { kind: 'full', text: 'the ledger was full: only the sender was counted' } })
      continue
    }
    if (!filter.holds(client, { to: target, protocol, port })) continue
    packets += entry.packets
    const told = tellFlow(compiled, { source: from, mac: client.mac, target, protocol, port, sourcePort: undefined, now })
    const against = reasonAgainst(compiled, entry, told.decision, now)
    if (against !== undefined) refused.push({ entries: [entry], group: told.group, against })
    else candidates.push({ entry: { ...entry, target }, group: told.group, own: told.own, known: told.names.known })
  }
  const time = (at: number): string => timeText(at, compiled.policy.gateway.timezone).slice(0, 19).replace('T', ' ')
  const trials = new Trials(source.policy.file, source, compiled, (address) => macs.get(address))
  const proposals: Proposal[] = []
  for (const proposal of proposalsFor(compiled, candidates, time)) {
    const trial = trials.try(proposal, now)
    if (trial.ok) proposals.push(proposal)
    else {
      const at = trial.place === undefined ? '' : ` (${trial.place.file}:${trial.place.line}): change the test first`
      refused.push({ entries: proposal.entries.map(({ entry }) => entry), group: proposal.groups[0], against: { kind: 'test', text: `${trial.problem}${at}` } })
    }
  }
  const missing: Missing = { backend: ledger.backend, packets, proposals, refused, unread: ledger.unread }
  if (options.json === true) sayJson(missingJson(missing), 2)
  else say(missingText(missing, compiled, time))
}

export function firewallMissing(firewall: Command): void {
  firewall
    .command('missing')
    .description('what no rule speaks of and was dropped, with the narrowest rules that would let it pass')
    .option('--since <time>', 'only what was dropped since: a time, or how long ago: 10m, 2h, 1d')
    .option('--client <who>', 'only of this address, network, MAC, or group of the policy')
    .option('--service <service>', 'only for this service: of the policy, known by name, or tcp/25')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
From the kernel's drop ledger, which counts every packet, not from the log, which is limited; an entry stays a day. Each rule shown was tried: pasted
at the end of \`rules\`, it passes \`check\`. It is a draft: what was forged, broadcast, denied on purpose or the administrator's is never proposed.

Example:
  $ sudo greengate firewall missing --policy office.yaml --since 2h`)
    .action(missingAction)
}
