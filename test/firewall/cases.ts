// A golden case is a folder: policy.yaml, facts.json where the machine matters, the texts, what is told, packets. Read here for the
// tests that compare the texts and for those that load them.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compileRuleset } from '../../src/firewall/compile.ts'
import type { RulesetFacts } from '../../src/firewall/facts.ts'
import type { Format } from '../../src/firewall/head.ts'
import { renderRuleset } from '../../src/firewall/render.ts'
import { timeText } from '../../src/firewall/standing.ts'
import type { Ruleset } from '../../src/firewall/ruleset.ts'
import { noteText } from '../../src/firewall/unsaid.ts'
import { readBlocks } from '../../src/lists/blocks.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseMac } from '../../src/net/mac.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { parseTime } from '../../src/policy/schedule.ts'

export const CASES = join(import.meta.dirname, 'cases')
export const FORMATS: readonly (readonly [Format, string])[] = [['iptables', 'iptables.txt'], ['ip6tables', 'ip6tables.txt'], ['nft', 'nft.txt'], ['script', 'script.txt'], ['tc', 'tc.txt']]

interface FactsFile {
  readonly at?: string
  readonly uid?: number | 'unknown'
  readonly resolvers?: readonly string[]
  readonly addresses?: readonly string[]
  readonly macs?: readonly string[]
  readonly proxy?: string
  readonly user?: number
}

export interface Case {
  readonly name: string
  readonly folder: string
  readonly policy: Policy
  readonly facts: RulesetFacts
  readonly ruleset: Ruleset
  readonly texts: ReadonlyMap<Format, string>
  readonly told: string
}

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

function server(text: string): { readonly address: Ip; readonly port: number } {
  const colon = text.lastIndexOf(':')
  return { address: ip(text.slice(0, colon).replace(/^\[|\]$/g, '')), port: Number(text.slice(colon + 1)) }
}

export function caseNames(): string[] {
  return readdirSync(CASES, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
}

/** The texts of a policy with nothing beside it; the generation is the rules' own. */
export function printed(text: string, more: Partial<RulesetFacts> = {}): ReadonlyMap<Format, string> {
  const { policy, diagnostics } = parsePolicy(text, 'policy.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const compiled = compileRuleset(policy, {
    now: Date.UTC(2026, 10, 20), proxyPort: policy.gateway.proxy.port, resolvers: [], ownAddresses: [], ownMacs: [], blocks: new Map(), ...more,
  })
  if (!compiled.ok) throw new Error(noteText(compiled.problem))
  const origin = { hash: '0123456789abcdef', time: 'then' }
  return new Map(FORMATS.map(([format]) => [format, renderRuleset(policy, compiled.ruleset, format, origin)]))
}

function factsOf(name: string): FactsFile {
  const file = join(CASES, name, 'facts.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as FactsFile : {}
}

/** A friday at noon, where the case says nothing. */
export function caseTime(name: string, timezone: string): number {
  const text = factsOf(name).at ?? '2026-11-20T12:00:00'
  const time = parseTime(text, timezone)
  if (time === undefined) throw new Error(`${text} is no time`)
  return time
}

export function readCase(name: string): Case {
  const folder = join(CASES, name)
  const { policy, diagnostics } = parsePolicy(readFileSync(join(folder, 'policy.yaml'), 'utf8'), 'policy.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const said = factsOf(name)
  const now = caseTime(name, policy.gateway.timezone)
  const facts: RulesetFacts = {
    now,
    // a golden text must not change in every line where one rule does
    generation: 7,
    proxyPort: policy.gateway.proxy.port,
    ...(said.uid === undefined ? {} : { proxyUid: said.uid }),
    resolvers: (said.resolvers ?? []).map(server),
    ownAddresses: (said.addresses ?? []).map(ip),
    ownMacs: (said.macs ?? []).flatMap((mac) => parseMac(mac) ?? []),
    blocks: new Map(policy.blocks.map((block) => [block.name, readBlocks(readFileSync(join(folder, block.file.split('/').at(-1) ?? ''), 'utf8')).entries])),
    ...(said.proxy === undefined ? {} : { client: { proxy: server(said.proxy), ...(said.user === undefined ? {} : { uid: said.user }) } }),
  }
  const compiled = compileRuleset(policy, facts)
  if (!compiled.ok) throw new Error(noteText(compiled.problem))
  const { ruleset } = compiled
  const origin = { hash: '0123456789abcdef', time: timeText(now, policy.gateway.timezone) }
  return {
    name,
    folder,
    policy,
    facts,
    ruleset,
    texts: new Map(FORMATS.map(([format]) => [format, renderRuleset(policy, ruleset, format, origin)])),
    told: ruleset.notes.map((note) => noteText(note)).join(''),
  }
}

/** The same text for a kernel whose clock says now what the text's author meant by `then`: every instant in it moved by as much. */
export function movedTo(text: string, then: number, now = Date.now()): string {
  const by = Math.round((now - then) / 1000)
  return text
    .replace(/(meta time (?:<|>=)) (\d+)/g, (_, words: string, at: string) => `${words} ${Number(at) + by}`)
    .replace(/(--date(?:start|stop)) (\S+)/g, (whole, word: string, at: string) => (at.startsWith('2038') ? whole : `${word} ${new Date(Date.parse(`${at}Z`) + by * 1000).toISOString().slice(0, 19)}`))
}
