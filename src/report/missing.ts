// From drops to the narrowest rules that would let them pass: clients that asked for the same at the same places become one rule, exactly theirs. Only
// where that would be a list that nobody reads does a rule become wider, and says what else it opens. Danger prevented: a proposal broader than the need.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { LedgerEntry } from '../firewall/ledger-read.ts'
import { scalar, words } from '../import/scalar.ts'
import type { Ip } from '../net/ip.ts'
import { networkSet, rangeText, single } from '../net/network.ts'
import { icmpTypeName } from '../policy/services.ts'

export interface Candidate {
  readonly entry: LedgerEntry & { readonly target: Ip }
  readonly group: string | undefined
  /** of the gateway itself */
  readonly own: boolean
  /** how the service is called by the table that everybody knows */
  readonly known: string | undefined
}

export interface Proposal {
  readonly name: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly services: readonly string[]
  readonly groups: readonly string[]
  readonly clients: number
  readonly targets: number
  readonly packets: number
  /** epoch milliseconds */
  readonly last: number
  /** the entries that it answers */
  readonly entries: readonly Candidate[]
  readonly yaml: string
  /** what it would open beside what was dropped; empty: nothing */
  readonly opens: readonly string[]
  readonly notes: readonly string[]
}

/** More places than these are no list that anybody reads. */
const MOST_PLACES = 16

function serviceText({ entry, own: _own }: Candidate, compiled: CompiledPolicy): string {
  const { protocol, port, target } = entry
  if (protocol === 'tcp' && port === compiled.machine.proxyPort && compiled.known.own.has(target)) return 'proxy'
  if (protocol === 'icmp') {
    const word = target.family === 4 ? 'icmp' : 'icmpv6'
    return port === undefined ? 'icmp' : `${icmpTypeName(target.family, port) === undefined ? word : 'icmp'}/${icmpTypeName(target.family, port) ?? port}`
  }
  return typeof protocol === 'number' ? `ip/${protocol}` : `${protocol ?? ''}/${port ?? ''}`
}

interface Block {
  readonly services: Set<string>
  readonly candidates: Candidate[]
}

function keyed<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const own = key(item)
    const before = found.get(own)
    if (before === undefined) found.set(own, [item])
    else before.push(item)
  }
  return found
}

function addresses(list: readonly Ip[]): readonly string[] {
  return networkSet(list.map(single)).ranges.map(rangeText)
}

function clientKey({ entry, own }: Candidate): string {
  return own ? 'gateway' : entry.source.text
}

/** Where a wide rule would lead: to the internet, or to the places themselves. */
function kindOf(compiled: CompiledPolicy, { entry }: Candidate): 'internet' | 'other' {
  return compiled.known.internet.has(entry.target) ? 'internet' : 'other'
}

/** Every rule is a product: these clients, these places, these services. Exact where each client asked for each service at each place. */
function blocksOf(compiled: CompiledPolicy, candidates: readonly Candidate[]): readonly { readonly block: Block; readonly wide: boolean }[] {
  const exact = new Map<string, Block>()
  const wide: { readonly block: Block; readonly wide: boolean }[] = []
  const perService = keyed(candidates, (each) => `${serviceText(each, compiled)} ${each.entry.source.family} ${kindOf(compiled, each)}`)
  for (const all of perService.values()) {
    const [first] = all
    if (first === undefined) continue
    const service = serviceText(first, compiled)
    const places = new Set(all.map(({ entry }) => entry.target.text))
    if (places.size > MOST_PLACES) {
      for (const group of keyed(all, (each) => (each.own ? 'gateway' : (each.group ?? ''))).values()) wide.push({ block: { services: new Set([service]), candidates: [...group] }, wide: true })
      continue
    }
    const byClient = keyed(all, clientKey)
    const bySame = keyed([...byClient.values()], (own) => [...new Set(own.map(({ entry }) => entry.target.text))].sort().join(' '))
    for (const [targets, clients] of bySame) {
      // whoever asked for several services at the same places gets one rule
      const key = `${clients.map((own) => (own[0] === undefined ? '' : clientKey(own[0]))).sort().join(' ')} > ${targets}`
      const block = exact.get(key) ?? { services: new Set<string>(), candidates: [] }
      block.services.add(service)
      block.candidates.push(...clients.flat())
      exact.set(key, block)
    }
  }
  return [...[...exact.values()].map((block) => ({ block, wide: false })), ...wide]
}

function free(taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const name = `missing-${number}`
    if (taken.has(name)) continue
    taken.add(name)
    return name
  }
}

const WEB: ReadonlySet<string> = new Set(['tcp/80', 'tcp/443', 'udp/443'])

/** Most packets first. `timeText`: for the remark. */
export function proposalsFor(compiled: CompiledPolicy, candidates: readonly Candidate[], timeText: (atMs: number) => string): readonly Proposal[] {
  const { policy, known } = compiled
  const taken = new Set([...policy.rules, ...policy.web.rules].map(({ id }) => id))
  const packetsOf = (list: readonly Candidate[]): number => list.reduce((sum, { entry }) => sum + entry.packets, 0)
  return blocksOf(compiled, candidates).toSorted((a, b) => packetsOf(b.block.candidates) - packetsOf(a.block.candidates)).map(({ block, wide }) => {
    const list = block.candidates
    const targets = [...new Map(list.map(({ entry }) => [entry.target.text, entry.target])).values()]
    const clients = [...new Map(list.filter(({ own }) => !own).map(({ entry }) => [entry.source.text, entry.source])).values()]
    const toInternet = targets.every((target) => known.internet.has(target))
    const internet = wide && toInternet
    const services = [...block.services].sort()
    const direct = services.some((service) => WEB.has(service)) && targets.some((target) => known.internet.has(target)) && clients.length > 0
    const packets = packetsOf(list)
    const last = Math.max(...list.map(({ entry }) => entry.last))
    const names = [...new Set(list.flatMap(({ known: name }) => name ?? []))].sort()
    const shape = {
      name: free(taken), from: clients.length === 0 ? ['gateway'] : addresses(clients), to: internet ? ['internet'] : addresses(targets), services,
    }
    const remark = `${names.length === 0 ? '' : `${names.join(', ')}: `}${packets} ${packets === 1 ? 'packet' : 'packets'} dropped, the last ${timeText(last)}`
    const rows = [
      `  - name: ${scalar(shape.name)}`, '    action: allow', `    from: ${words(shape.from)}`, `    to: ${words(shape.to)}`, `    services: ${words(shape.services)}`,
      ...(direct ? ['    direct: true'] : []), `    remark: ${scalar(remark)}`,
    ]
    const pairs = new Set(list.map((each) => `${clientKey(each)} ${each.entry.target.text}`)).size
    const untried = Math.max(1, clients.length) * targets.length - pairs
    return {
      ...shape, clients: clients.length, targets: targets.length, packets, last, entries: list, yaml: `${rows.join('\n')}\n`,
      groups: [...new Set(list.flatMap(({ group }) => group ?? []))].sort(),
      opens: [
        ...(internet ? [`${services.join(', ')} at every address of the internet, not only at the ${targets.length} that were asked`] : []),
        ...(!internet && untried > 0 ? [`${untried} of ${untried + pairs} pairs of client and place that nobody asked for`] : []),
      ],
      notes: direct ? ['it goes round the proxy: a rule for the proxy\'s port (`to: gateway`, `services: proxy`) lets the client browse under the policy\'s `web` rules'] : [],
    }
  })
}
