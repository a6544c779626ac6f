// Rules that are not ours and stand where ours do: a chain of somebody else on the same hook drops what we accept, whatever its priority, for to the
// kernel accept is no last word and drop is. Told, never touched. Danger prevented: an administrator who searches his policy for another program's rule.
import { NFT_TABLE } from '../firewall/nft.ts'
import { PREFIX } from '../firewall/iptables.ts'

export interface Foreign {
  /** `nft ip firewalld filter_FORWARD`, `iptables filter FORWARD` */
  readonly where: string
  readonly hook: string
  /** what it can do there */
  readonly text: string
}

const HOOKS: ReadonlySet<string> = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'])

type Json = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface NftChain {
  readonly key: string
  readonly table: string
  readonly name: string
  readonly hook?: string
  readonly priority?: number
  readonly policy?: string
  drops: number
  readonly leads: Set<string>
}

/** What stands anywhere in a rule's expressions: a verdict, or a chain that it leads to, in a map of verdicts too. */
function verdicts(value: unknown, found: (verdict: string, target: string | undefined) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) verdicts(each, found)
    return
  }
  if (!isRecord(value)) return
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'drop' || name === 'reject' || name === 'queue') found('drop', undefined)
    else if ((name === 'jump' || name === 'goto') && isRecord(inner) && typeof inner['target'] === 'string') found(name, inner['target'])
    else verdicts(inner, found)
  }
}

/** The tables that iptables keeps are read by its own tools: to nft their rules are opaque. */
const IPTABLES_TABLE = /^(?:ip6?) (?:filter|raw|mangle|nat|security)$/

/** Of an nft table, `FAMILY NAME`: neither ours nor one that iptables' own tools list. */
export function isOthers(table: string): boolean {
  return table !== NFT_TABLE && !IPTABLES_TABLE.test(table)
}

/** What `nft -j -t list` says of a table, or of them all. */
export function foreignInNft(json: string): readonly Foreign[] {
  const parsed: unknown = JSON.parse(json)
  const listed: readonly unknown[] = isRecord(parsed) && Array.isArray(parsed['nftables']) ? parsed['nftables'] : []
  const chains = new Map<string, NftChain>()
  for (const each of listed) {
    const chain = isRecord(each) ? each['chain'] : undefined
    if (!isRecord(chain)) continue
    const [table, name] = [`${String(chain['family'])} ${String(chain['table'])}`, String(chain['name'])]
    if (!isOthers(table)) continue
    const { hook, prio, policy } = chain
    chains.set(`${table} ${name}`, {
      key: `${table} ${name}`, table, name, drops: 0, leads: new Set(),
      ...(typeof hook === 'string' ? { hook } : {}), ...(typeof prio === 'number' ? { priority: prio } : {}), ...(typeof policy === 'string' ? { policy } : {}),
    })
  }
  for (const each of listed) {
    const rule = isRecord(each) ? each['rule'] : undefined
    if (!isRecord(rule)) continue
    const table = `${String(rule['family'])} ${String(rule['table'])}`
    const chain = chains.get(`${table} ${String(rule['chain'])}`)
    if (chain === undefined) continue
    verdicts(rule['expr'], (verdict, target) => {
      if (target === undefined) chain.drops += verdict === 'drop' ? 1 : 0
      else chain.leads.add(`${table} ${target}`)
    })
  }
  return [...chains.values()].flatMap((chain): readonly Foreign[] => {
    if (chain.hook === undefined || !HOOKS.has(chain.hook)) return []
    const drops = reached(chain.key, (key) => chains.get(key)?.leads ?? []).reduce((sum, key) => sum + (chains.get(key)?.drops ?? 0), 0)
    const does = [...(chain.policy === 'drop' ? ['its policy is drop'] : []), ...(drops > 0 ? [`${drops} of its rules can drop`] : [])]
    return does.length === 0 ? [] : [{ where: `nft ${chain.key}`, hook: chain.hook, text: `${does.join(', and ')} (priority ${chain.priority ?? 0}): what we accept is not through yet` }]
  })
}

function reached(start: string, next: (key: string) => Iterable<string>): readonly string[] {
  const found = new Set([start])
  for (const key of found) for (const each of next(key)) found.add(each)
  return [...found]
}

const STOPS = new Set(['DROP', 'REJECT', 'NFQUEUE', 'QUEUE', 'TARPIT'])
const BUILT_IN: Readonly<Record<string, string>> = { INPUT: 'input', FORWARD: 'forward', OUTPUT: 'output', PREROUTING: 'prerouting', POSTROUTING: 'postrouting' }

interface IptablesChain {
  readonly name: string
  readonly policy: string
  readonly targets: { readonly target: string; readonly stops: boolean }[]
}

function readSaved(text: string): ReadonlyMap<string, ReadonlyMap<string, IptablesChain>> {
  const tables = new Map<string, Map<string, IptablesChain>>()
  let table = new Map<string, IptablesChain>()
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = new Map()
      tables.set(line.slice(1), table)
    }
    const declared = /^:(\S+) (\S+)/.exec(line)
    if (declared !== null) table.set(declared[1] ?? '', { name: declared[1] ?? '', policy: declared[2] ?? '-', targets: [] })
    const rule = /^(?:\[\d+:\d+\] )?-A (\S+)/.exec(line)
    if (rule === null) continue
    const target = / -[jg] (\S+)/.exec(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'))?.[1] ?? ''
    table.get(rule[1] ?? '')?.targets.push({ target, stops: STOPS.has(target) })
  }
  return tables
}

/**
 * `iptables-save`. Where our chain stands first in filter's INPUT and FORWARD it has the last word, in both ways: what stands behind it is never asked. In
 * OUTPUT, and in every other table, others have their say too.
 */
export function foreignInIptables(tool: string, saved: string): readonly Foreign[] {
  return [...readSaved(saved)].flatMap(([table, chains]) => [...chains.values()].flatMap((chain): readonly Foreign[] => {
    const hook = BUILT_IN[chain.name]
    if (hook === undefined) return []
    const ours = chain.targets.findIndex(({ target }) => target.startsWith(PREFIX))
    const decides = table === 'filter' && ours >= 0 && chain.name !== 'OUTPUT'
    const asked = decides ? chain.targets.slice(0, ours) : chain.targets.filter(({ target }) => !target.startsWith(PREFIX))
    const leads = (key: string): Iterable<string> => (chains.get(key)?.targets ?? []).filter(({ target }) => chains.has(target) && !target.startsWith(PREFIX)).map(({ target }) => target)
    const own = asked.filter(({ stops }) => stops).length
    const through = asked.filter(({ target }) => chains.has(target)).flatMap(({ target }) => reached(target, leads))
    const drops = own + [...new Set(through)].reduce((sum, key) => sum + (chains.get(key)?.targets.filter(({ stops }) => stops).length ?? 0), 0)
    const where = `${tool} ${table} ${chain.name}`
    return [
      ...(ours > 0 ? [{ where, hook, text: `${ours} rule${ours === 1 ? '' : 's'} before our jump: ours is not asked first` }] : []),
      ...(drops > 0 ? [{ where, hook, text: `${drops} of its rules can drop what we accept` }] : []),
      ...(!decides && chain.policy === 'DROP' ? [{ where, hook, text: 'its policy is DROP: what we accept is not through yet' }] : []),
    ]
  }))
}
