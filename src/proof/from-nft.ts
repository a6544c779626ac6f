// nft text as a model: what we print for `nft -f`, and what `nft -s list table` prints of the kernel. It shares nothing with the printer.
// Danger prevented: a printer's mistake that its own reader makes too.
import { networkSet } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import { PRIORITY, modelFrom, ruleOf } from './model.ts'
import type { Action, Chain, Model, ModelHook, Rule, Test } from './model.ts'
import { nftAction, nftRate } from './nft-actions.ts'
import { nftTests, rangeOf } from './nft-tests.ts'
import type { NamedSets } from './nft-tests.ts'
import { Tokens, tokensOf } from './nft-tokens.ts'

const TABLE = ['inet', 'greengate'] as const
const HOOKS: ReadonlySet<string> = new Set(['input', 'forward', 'output', 'prerouting', 'postrouting'])

export function readNft(text: string): Model {
  const tokens = new Tokens(tokensOf(text))
  const chains: Chain[] = []
  for (tokens.skip(); !tokens.done; tokens.skip()) {
    if (tokens.takes('table', ...TABLE, '{')) chains.push(...readTable(tokens))
    else preamble(tokens.statement())
  }
  const names = new Set(chains.map((chain) => chain.name))
  for (const chain of chains) {
    for (const { actions } of chain.rules) for (const action of actions) if ('chain' in action && !names.has(action.chain)) tokens.bad(`\`${chain.name}\` leads to \`${action.chain}\`, which is not there`)
  }
  return modelFrom(chains)
}

/** What makes the table, empties it, and makes its sets: the table itself says all of it again. */
function preamble(statement: Tokens): void {
  const known = statement.takes('add', 'table', ...TABLE) || statement.takes('flush', 'table', ...TABLE) || (statement.takes('flush', 'set', ...TABLE) && statement.next() !== '')
  if (known && statement.done) return
  if (!known && statement.takes('add', 'set', ...TABLE)) return
  statement.bad(`\`${statement.peek() ?? ''}\` is not known here`)
}

function readTable(tokens: Tokens): readonly Chain[] {
  const sets = new Map<string, NetworkSet>()
  const chains: Chain[] = []
  for (tokens.skip(); !tokens.takes('}'); tokens.skip()) {
    const kind = tokens.next()
    if (kind !== 'set' && kind !== 'chain' && kind !== 'counter') tokens.bad(`\`${kind}\` is not known here`)
    const name = tokens.next()
    tokens.must('{')
    if (kind === 'chain') chains.push(readChain(tokens, name, sets))
    else if (kind === 'counter') readCounter(tokens)
    else sets.set(name, readSet(tokens))
  }
  return chains
}

/** What it counted is nothing to the rules. */
function readCounter(tokens: Tokens): void {
  for (tokens.skip(); !tokens.takes('}'); tokens.skip()) {
    const statement = tokens.statement()
    if (statement.takes('packets')) {
      statement.next()
      statement.must('bytes')
      statement.next()
    }
    if (!statement.done) statement.bad(`\`${statement.peek() ?? ''}\` is not known here`)
  }
}

/** Addresses; the elements of a set that rules fill are counts, and say nothing of what the rules are. */
function readSet(tokens: Tokens): NetworkSet {
  let family: 4 | 6 | undefined
  let dynamic = false
  let elements: NetworkSet['ranges'] = []
  for (tokens.skip(); !tokens.takes('}'); tokens.skip()) {
    const statement = tokens.statement()
    if (statement.takes('type')) family = elementFamily(statement)
    else if (statement.takes('flags')) dynamic = statement.next().split(',').includes('dynamic')
    else if (statement.takes('size') || statement.takes('timeout')) statement.next()
    else if (statement.takes('elements', '=')) {
      if (dynamic) continue
      const of = family ?? statement.bad('elements without a type')
      elements = statement.list().map((text) => rangeOf(statement, text, of))
    } else statement.bad(`\`${statement.peek() ?? ''}\` is not known here`)
    if (!statement.done) statement.bad(`\`${statement.peek() ?? ''}\` is not known here`)
  }
  return networkSet(elements)
}

/** `ipv4_addr`; a ledger's `ipv4_addr . ipv4_addr . inet_proto` is of no one family. */
function elementFamily(statement: Tokens): 4 | 6 | undefined {
  const types = [statement.next()]
  while (statement.takes('.')) types.push(statement.next())
  return types.length > 1 ? undefined : types[0] === 'ipv4_addr' ? 4 : types[0] === 'ipv6_addr' ? 6 : undefined
}

function readChain(tokens: Tokens, name: string, sets: NamedSets): Chain {
  let base: Chain['base']
  const rules: Rule[] = []
  for (tokens.skip(); !tokens.takes('}'); tokens.skip()) {
    const statement = tokens.statement()
    if (statement.takes('type')) base = baseOf(statement)
    else if (statement.takes('policy')) {
      if (base === undefined) return statement.bad('a policy of no hook')
      base = { ...base, policy: statement.takes('drop') ? 'drop' : statement.takes('accept') ? 'accept' : statement.bad('no policy') }
    } else rules.push(ruleFrom(statement, sets, rules.length + 1))
    if (!statement.done) statement.bad(`\`${statement.peek() ?? ''}\` is not known here`)
  }
  return { name, rules, ...(base === undefined ? {} : { base }) }
}

/** `type filter hook input priority filter - 5`. */
function baseOf(tokens: Tokens): NonNullable<Chain['base']> {
  tokens.next()
  tokens.must('hook')
  const hook = tokens.next()
  if (!HOOKS.has(hook)) tokens.bad(`\`${hook}\` is no hook`)
  tokens.must('priority')
  const word = tokens.next()
  const named = Object.entries(PRIORITY).find(([name]) => name === word)?.[1]
  let priority = named ?? (/^-?\d+$/.test(word) ? Number(word) : tokens.bad(`\`${word}\` is no priority`))
  if (tokens.takes('-')) priority -= tokens.number(tokens.next())
  else if (tokens.takes('+')) priority += tokens.number(tokens.next())
  return { hook: hook as ModelHook, priority, policy: 'accept' }
}

function ruleFrom(tokens: Tokens, sets: NamedSets, number: number): Rule {
  const tests: Test[] = []
  const actions: Action[] = []
  let comment: string | undefined
  while (!tokens.done) {
    const done = nftAction(tokens)
    if (done !== undefined) {
      tests.push(...done.tests)
      actions.push(done.action)
      continue
    }
    if (tokens.takes('comment')) comment = tokens.string()
    else if (tokens.takes('counter')) {
      if (tokens.takes('name')) tokens.string()
      else if (tokens.takes('packets')) {
        tokens.next()
        tokens.must('bytes')
        tokens.next()
      }
    } else {
      // a test behind an action would hold back the next one alone
      if (actions.length > 0) tokens.bad(`\`${tokens.peek() ?? ''}\` stands behind an action`)
      tests.push(...(nftRate(tokens) ?? nftTests(tokens, sets) ?? tokens.bad(`\`${tokens.peek() ?? ''}\` is not known here`)))
    }
  }
  return ruleOf(tests, actions, comment, number)
}
