// Learned rules as entries of a policy: named, with an end, a test each, and above each why it is there. Danger prevented: a rule of which nobody knows,
// a year later, what it was for.
import type { Added } from '../policy/extend.ts'
import type { Fact } from './learn-gather.ts'
import type { LearnedRule } from './learn-rules.ts'
import { networkSet, rangeText, single } from '../net/network.ts'
import { parseIp } from '../net/ip.ts'
import { authorityText } from '../net/target.ts'
import { NameMaker } from '../import/names.ts'

export interface Evidence {
  readonly requests: number
  readonly clients: number
  /** epoch milliseconds */
  readonly first: number
  readonly last: number
}

export interface Terms {
  /** date of the end, or none */
  readonly expires: string | undefined
  /** the moment that the tests are about */
  readonly at: string
  readonly time: (atMs: number) => string
}

export function evidenceOf(facts: readonly Fact[]): Evidence {
  return {
    requests: facts.reduce((sum, { requests }) => sum + requests, 0), clients: new Set(facts.map(({ client }) => client)).size,
    first: facts.reduce((least, { first }) => Math.min(least, first), Number.POSITIVE_INFINITY), last: facts.reduce((most, { last }) => Math.max(most, last), 0),
  }
}

function counted(value: number, one: string): string {
  return `${value} ${one}${value === 1 ? '' : 's'}`
}

export function evidenceText({ requests, clients, first, last }: Evidence, what: string, time: Terms['time']): string {
  return `${counted(requests, what)} of ${counted(clients, 'client')}, first ${time(first)}, last ${time(last)}`
}

/** One entry as it is, several as a list. */
export function few<T>(entries: readonly T[]): T | readonly T[] {
  const [only] = entries
  return entries.length === 1 && only !== undefined ? only : entries
}

/** Neighbours as a range: exactly these. */
export function clientTexts(clients: readonly string[]): readonly string[] {
  return networkSet(clients.flatMap((text) => parseIp(text) ?? []).map(single)).ranges.map(rangeText)
}

const MOST_TOLD = 6
const MOST_TESTS = 3

function hostCounts(rule: LearnedRule): string {
  const sums = new Map<string, number>()
  for (const { target, requests } of rule.facts) {
    const text = authorityText(target, rule.tunnel ? 443 : 80)
    sums.set(text, (sums.get(text) ?? 0) + requests)
  }
  const all = [...sums].sort((a, b) => b[1] - a[1])
  return `${all.slice(0, MOST_TOLD).map(([host, requests]) => `${host} ${requests}`).join(', ')}${all.length > MOST_TOLD ? ` and ${all.length - MOST_TOLD} more` : ''}`
}

function whyTexts(rule: LearnedRule): readonly string[] {
  const denied = [...new Set(rule.facts.flatMap(({ denied: by }) => by ?? []))].sort()
  const folded = rule.hosts.filter((host) => host.startsWith('*.'))
  return [
    `without it: denied by ${denied.length === 0 ? 'web.default' : denied.join(', ')}; asked for: ${hostCounts(rule)}`,
    ...(folded.length === 0 ? [] : [`wider than what was seen: ${folded.join(', ')} holds every name below, of one owner by the public suffix list`]),
    ...(rule.beside <= 0 ? [] : [`wider than what was seen: ${counted(rule.beside, 'pair')} of client and place that nobody asked for`]),
    ...(rule.opens.length === 0 ? [] : ['asked to be learned: the guard closes these addresses else']),
    ...(rule.numeric && rule.opens.length === 0 ? ['asked to be learned: by number, as confederates of HTTP tunnels are asked for'] : []),
    ...(rule.notTls ? ['asked to be learned: these tunnels are no TLS, or TLS to another name'] : []),
    ...(rule.facts.some(({ refused }) => refused) ? ['asked to be learned: some of it was refused, not observed'] : []),
  ]
}

function nameOf(rule: LearnedRule, names: NameMaker): string {
  return names.make(`learned-${(rule.hosts[0] ?? '').replace(/^\*\./, '').slice(0, 28)}`, 'learned')
}

export interface LearnedEntry {
  readonly name: string
  readonly rule: LearnedRule
  readonly evidence: Evidence
  readonly added: Added
  readonly tests: readonly Added[]
}

/** One of each place first. */
function distinct(facts: readonly Fact[]): readonly Fact[] {
  return [...new Map(facts.toReversed().map((fact) => [authorityText(fact.target), fact])).values()].toReversed()
}

function testOf(fact: Fact, rule: LearnedRule, name: string, { at }: Terms): Added {
  const authority = authorityText(fact.target, fact.method === 'CONNECT' ? undefined : 80)
  const [address] = rule.opens
  return {
    comments: [],
    fields: {
      from: fact.client, request: fact.method === 'CONNECT' ? `CONNECT ${authority}` : `${fact.method} http://${authority}/`,
      ...(address === undefined || rule.numeric ? {} : { address }), at, expect: 'allow', by: name,
    },
  }
}

export function learnedEntry(rule: LearnedRule, names: NameMaker, terms: Terms): LearnedEntry {
  const name = nameOf(rule, names)
  const evidence = evidenceOf(rule.facts)
  const fields = {
    name, action: 'allow', from: few(clientTexts(rule.clients)), ...(rule.numeric ? { host: 'numeric', to: few(rule.hosts) } : { host: few(rule.hosts) }),
    methods: [...rule.methods], ports: [...rule.ports], ...(rule.opens.length === 0 ? {} : { 'resolves-to': few(rule.opens) }),
    ...(rule.notTls ? { tunnels: { 'require-tls': false, 'server-name': 'any' } } : {}), ...(terms.expires === undefined ? {} : { expires: terms.expires }),
  }
  return {
    name, rule, evidence, added: { comments: [evidenceText(evidence, 'request', terms.time), ...whyTexts(rule)], fields },
    tests: distinct(rule.facts).slice(0, MOST_TESTS).map((fact) => testOf(fact, rule, name, terms)),
  }
}

/** Who may ask the proxy at all. */
export function reachEntry(facts: readonly Fact[], names: NameMaker, terms: Terms): { readonly name: string; readonly added: Added } {
  const name = names.make('learned-proxy', 'learned')
  const fields = { name, action: 'allow', from: few(clientTexts([...new Set(facts.map(({ client }) => client))])), to: 'gateway', services: 'proxy', ...(terms.expires === undefined ? {} : { expires: terms.expires }) }
  return { name, added: { comments: [evidenceText(evidenceOf(facts), 'request', terms.time), 'without it: denied by default, since no rule lets these clients reach the proxy'], fields } }
}
