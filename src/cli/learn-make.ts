// The learned policy put together: what is in the way of each fact, the fewest rules against it, their text, and the whole tried before anybody sees it.
// Danger prevented: a policy that `check` refuses, or that denies what it was learned from.
import type { CompiledPolicy } from '../decision/compile.ts'
import { nearestVia } from '../decision/nearest-via.ts'
import { decidePacket } from '../decision/packet.ts'
import { hasPort } from '../decision/port-set.ts'
import { reach } from '../decision/reach.ts'
import { compileSource, loadPolicy } from '../gateway/load.ts'
import type { Loaded } from '../gateway/load.ts'
import { NameMaker } from '../import/names.ts'
import { parseIp } from '../net/ip.ts'
import { extendPolicy } from '../policy/extend.ts'
import type { Added, Extension } from '../policy/extend.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { PortRange } from '../policy/policy.ts'
import { Rejudge } from '../report/facts-of-seen.ts'
import type { Fact } from '../report/learn-gather.ts'
import { learnedEntry, reachEntry } from '../report/learn-policy.ts'
import type { LearnedEntry, Terms } from '../report/learn-policy.ts'
import { learnedRules } from '../report/learn-rules.ts'
import type { LearnedPackets } from './learn-packets.ts'

export type Base = Extract<Loaded, { readonly ok: true }>

export interface Made {
  readonly text: string
  readonly entries: readonly LearnedEntry[]
  readonly proxy: string | undefined
  readonly loaded: Loaded
  /** facts that the made policy would still deny */
  readonly failing: readonly { readonly what: string; readonly by: string }[]
}

const NOTHING: Extension = { enforce: false, rules: [], webRules: [], tests: [], head: [] }

/** The base with the way to the proxy and every port open: what it denies then, its web rules deny, or a rule that says so. */
export function opened(base: Base): CompiledPolicy | undefined {
  const text = extendPolicy(base.text, { ...NOTHING, ports: ['1-65535'], connectPorts: ['1-65535'], rules: [{ comments: [], fields: { name: 'learned_open', action: 'allow', from: 'any', to: 'gateway', services: 'proxy' } }] })
  const policy = text === undefined ? undefined : parsePolicy(text, base.source.policy.file).policy
  return policy === undefined ? undefined : compileSource({ ...base.source, policy }, base.compiled.machine)
}

export function takenNames(base: Base): NameMaker {
  const names = new NameMaker()
  for (const { id } of [...base.compiled.policy.rules, ...base.compiled.policy.web.rules]) names.make(id, 'rule')
  return names
}

/** Those whom no rule lets reach the proxy. */
export function unreached(base: Base, facts: readonly Fact[]): readonly Fact[] {
  const known = new Map<string, boolean>()
  return facts.filter(({ client, last }) => {
    let denied = known.get(client)
    if (denied === undefined) {
      const address = parseIp(client)
      denied = address !== undefined && reach(base.compiled, { address, mac: undefined }, nearestVia(base.compiled, address), last)?.cause.kind === 'default'
      known.set(client, denied)
    }
    return denied
  })
}

function portTexts(ranges: readonly PortRange[], more: readonly number[]): readonly (string | number)[] | undefined {
  const missing = [...new Set(more.filter((port) => !hasPort(ranges, port)))].sort((a, b) => a - b)
  return missing.length === 0 ? undefined : [...ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)), ...missing]
}

/** One thing more than was learned is denied: that too is a test. */
function denials(facts: readonly Fact[], at: string, judge: Rejudge): readonly Added[] {
  const [fact] = facts
  if (fact === undefined) return []
  const asked = [
    { client: fact.client, method: 'CONNECT', target: 'not-learned.example:443' }, { client: fact.client, method: 'GET', target: 'http://not-learned.example/' },
  ]
  return asked.flatMap(({ client, method, target }) => {
    const judged = judge.judge({ ...fact.example, client, method, target, addresses: [], serverName: undefined, time: Date.parse(at) })
    if ('unjudged' in judged || judged.verdict !== 'deny') return []
    return [{ comments: [], fields: { from: client, request: `${method} ${target}`, at, expect: 'deny', by: judged.cause.by } }]
  })
}

export async function makePolicy(base: Base, facts: readonly Fact[], packets: LearnedPackets | undefined, names: NameMaker, terms: Terms, exact: boolean, head: readonly string[]): Promise<Made | undefined> {
  const { web } = base.compiled.policy
  const closed = unreached(base, facts)
  const proxy = closed.length === 0 ? undefined : reachEntry(closed, names, terms)
  const groups = new Map(facts.map(({ client, example }) => [client, example.group]))
  const entries = learnedRules(facts.filter(({ denied }) => denied !== undefined), exact, (client) => groups.get(client)).map((rule) => learnedEntry(rule, names, terms))
  const ports = portTexts(web.ports, facts.filter(({ tunnel }) => !tunnel).map(({ target }) => target.port))
  const connectPorts = portTexts(web.connectPorts, facts.filter(({ method }) => method === 'CONNECT').map(({ target }) => target.port))
  const extension: Extension = {
    enforce: true, ...(ports === undefined ? {} : { ports }), ...(connectPorts === undefined ? {} : { connectPorts }), head,
    rules: [...(proxy === undefined ? [] : [proxy.added]), ...(packets?.rules ?? []).map(({ added }) => added)],
    webRules: entries.map(({ added }) => added),
    tests: [...entries.flatMap(({ tests }) => tests), ...(packets?.rules ?? []).flatMap(({ test }) => test ?? [])],
  }
  const draft = extendPolicy(base.text, extension)
  const policy = draft === undefined ? undefined : parsePolicy(draft, base.source.policy.file).policy
  const compiled = policy === undefined ? undefined : compileSource({ ...base.source, policy }, base.compiled.machine)
  const judge = compiled === undefined ? undefined : new Rejudge(compiled)
  const tests = judge === undefined ? [] : denials(facts, terms.at, judge)
  const text = extendPolicy(base.text, { ...extension, tests: [...extension.tests, ...tests] })
  if (text === undefined) return undefined
  const loaded = await loadPolicy(base.source.policy.file, base.compiled.machine, { text, lint: true })
  const failing: { what: string; by: string }[] = []
  if (judge !== undefined) {
    for (const { example } of facts) {
      const judged = judge.judge(example)
      if (!('unjudged' in judged) && judged.verdict === 'deny') failing.push({ what: `${example.method} ${example.target} by ${example.client}`, by: judged.cause.by })
    }
  }
  if (compiled !== undefined) {
    for (const wanted of packets?.wanted ?? []) {
      const { verdict, cause } = decidePacket(compiled, wanted)
      if (verdict === 'deny') failing.push({ what: `${wanted.protocol}/${wanted.port ?? ''} to ${wanted.to.text}`, by: cause.by })
    }
  }
  return { text, entries, proxy: proxy?.name, loaded, failing }
}
