// From facts to the fewest web rules that allow exactly them: who asked for the same places in the same way is one rule. Where that would be a list
// that nobody reads, rules become wider, and say what else they open. Danger prevented: a learned policy that is broader than what was seen, in silence.
import type { Fact } from './learn-gather.ts'
import { isClosed } from './learn-gather.ts'
import { isOneOwners } from './site.ts'
import { hostText } from '../net/target.ts'

export interface LearnedRule {
  readonly tunnel: boolean
  readonly methods: readonly string[]
  readonly ports: readonly number[]
  readonly clients: readonly string[]
  /** names, `*.` patterns, or (where `numeric`) addresses */
  readonly hosts: readonly string[]
  readonly numeric: boolean
  /** the guard stays closed but for these */
  readonly opens: readonly string[]
  readonly notTls: boolean
  readonly facts: readonly Fact[]
  /** pairs of client and place that nobody asked for */
  readonly beside: number
}

/** As many are read. */
const MOST_RULES = 40
/** So many names below one are that one's. */
const MANY_NAMES = 8

/** `a.cdn.example.com` → `*.cdn.example.com` where there are many of them, all are one owner's, and more than one client asked: none widens a rule alone. */
export function foldNames(names: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, string> {
  const below = new Map<string, string[]>()
  for (const name of names.keys()) {
    const parent = name.slice(name.indexOf('.') + 1)
    if (!name.includes('.') || !isOneOwners(parent)) continue
    const all = below.get(parent)
    if (all === undefined) below.set(parent, [name])
    else all.push(name)
  }
  const folded = new Map<string, string>()
  const asked = (all: readonly string[]): number => new Set(all.flatMap((name) => [...(names.get(name) ?? [])])).size
  for (const [parent, all] of below) if (all.length >= MANY_NAMES && asked(all) > 1) for (const name of all) folded.set(name, `*.${parent}`)
  return folded
}

function keyed<T>(items: Iterable<T>, key: (item: T) => string): ReadonlyMap<string, T[]> {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const own = key(item)
    const before = found.get(own)
    if (before === undefined) found.set(own, [item])
    else before.push(item)
  }
  return found
}

interface Place {
  readonly host: string
  readonly port: number
  readonly tunnel: boolean
  readonly numeric: boolean
  readonly opens: string
  readonly notTls: boolean
}

function set(texts: Iterable<string>): string {
  return [...new Set(texts)].sort().join(' ')
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ')
}

/** `who`: under which name a client is counted: its own, or everybody's. */
function rulesBy(facts: readonly Fact[], patternOf: (fact: Fact) => string, who: (client: string) => string): readonly LearnedRule[] {
  const placeOf = (fact: Fact): Place => ({
    host: patternOf(fact), port: fact.target.port, tunnel: fact.tunnel, numeric: fact.target.host.kind === 'address',
    opens: isClosed(fact) ? set(fact.target.host.kind === 'address' ? [fact.target.host.address.text] : fact.addresses) : '', notTls: fact.tunnel && fact.notTls,
  })
  const members = keyed(facts, (fact) => who(fact.client))
  // clients that used the same methods at the same place, places that the same clients asked for, ports that the same of both have
  const cells = [...keyed(facts, (fact) => JSON.stringify(placeOf(fact))).values()].flatMap((own) => {
    const perClient = [...keyed(own, (fact) => who(fact.client))].map(([client, theirs]) => ({ client, methods: set(theirs.map(({ method }) => method)), facts: theirs }))
    const [first] = own
    if (first === undefined) return []
    return [...keyed(perClient, ({ methods }) => methods)].map(([methods, each]) => ({ place: placeOf(first), methods, clients: set(each.map(({ client }) => client)), facts: each.flatMap((one) => one.facts) }))
  })
  const shape = ({ place, methods, clients }: (typeof cells)[number]): readonly unknown[] => [place.tunnel, place.numeric, place.opens, place.notTls, methods, clients]
  const sameClients = [...keyed(cells, (cell) => JSON.stringify([...shape(cell), cell.place.port])).values()]
  const samePorts = keyed(sameClients, (all) => JSON.stringify([...(all[0] === undefined ? [] : shape(all[0])), set(all.map(({ place }) => place.host))]))
  return [...samePorts.values()].flatMap((groups) => {
    const all = groups.flat()
    const [first] = all
    if (first === undefined) return []
    const { place, methods, clients } = first
    const own = all.flatMap((cell) => cell.facts)
    const people = new Set(words(clients).flatMap((name) => (members.get(name) ?? []).map(({ client }) => client)))
    const hosts = [...new Set(all.map((cell) => cell.place.host))].sort()
    const pairs = new Set(own.map((fact) => `${fact.client} ${patternOf(fact)}`)).size
    return [{
      tunnel: place.tunnel, methods: words(methods), ports: [...new Set(all.map((cell) => cell.place.port))].sort((a, b) => a - b), clients: [...people].sort(), hosts,
      numeric: place.numeric, opens: words(place.opens), notTls: place.notTls, facts: own, beside: people.size * hosts.length - pairs,
    }]
  })
}

export function learnedRules(facts: readonly Fact[], exact: boolean, groupOf: (client: string) => string | undefined): readonly LearnedRule[] {
  const names = new Map<string, Set<string>>()
  for (const { target, client } of facts) {
    if (target.host.kind !== 'name') continue
    const clients = names.get(target.host.name) ?? new Set<string>()
    names.set(target.host.name, clients.add(client))
  }
  const folded = exact ? new Map<string, string>() : foldNames(names)
  const patternOf = (fact: Fact): string => (fact.target.host.kind === 'name' ? (folded.get(fact.target.host.name) ?? fact.target.host.name) : hostText(fact.target.host).replace(/^\[(.*)\]$/, '$1'))
  const requests = (rule: LearnedRule): number => rule.facts.reduce((sum, fact) => sum + fact.requests, 0)
  const byRequests = (rules: readonly LearnedRule[]): readonly LearnedRule[] => rules.toSorted((a, b) => requests(b) - requests(a))
  const own = rulesBy(facts, patternOf, (client) => client)
  if (exact || own.length <= MOST_RULES) return byRequests(own)
  const grouped = rulesBy(facts, patternOf, (client) => `group ${groupOf(client) ?? ''}`.replaceAll(' ', '_'))
  if (grouped.length <= MOST_RULES) return byRequests(grouped)
  return byRequests(rulesBy(facts, patternOf, () => 'everybody'))
}
