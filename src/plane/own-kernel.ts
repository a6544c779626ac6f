// Our rules read from the kernel and written to it, through whichever runner is given: the machine itself, or a namespace to try them in. All or
// nothing: what fails half-way is taken back. Danger prevented: trust in a tool's 0, or in our own memory, over what the kernel has.
import { ipsetNames, ipsetText } from '../firewall/ledger.ts'
import { NFT_TABLE } from '../firewall/nft.ts'
import { isNotThere } from '../kernel/nft-tables.ts'
import { firstProblem } from '../kernel/tool.ts'
import type { Ran, Runner } from '../kernel/tool.ts'
import { canonicalIptables, iptablesChange, iptablesText, iptablesTidying, jumpsFirst, parseIptables } from './iptables-text.ts'
import { NFT_REMOVAL, canonicalNft, isFilledByRules, nftChange, nftText, nftTidying, parseNft } from './nft-text.ts'
import type { NftBlock, NftTable } from './nft-text.ts'
import { STORES } from './own-rules.ts'
import type { OwnRules, Store } from './own-rules.ts'

const LEDGER_RULE = '-j SET --add-set gg_'

export class RulesError extends Error {}

/** No back end is installed. */
export class NoToolError extends RulesError {}

function fail(what: string, ran: Ran): never {
  throw new RulesError(`${what}: ${firstProblem(ran)}`)
}

async function listNft(run: Runner): Promise<NftTable | undefined> {
  // without elements: a ledger that a flood has filled takes seconds, and is no rule
  const listed = await run('nft', ['-t', 'list', 'table', ...NFT_TABLE.split(' ')])
  if (listed.missing || isNotThere(listed)) return undefined
  if (listed.code !== 0) fail('nft cannot list our table', listed)
  const table = parseNft(listed.out)
  if (table === undefined) return undefined
  const full = new Map<string, NftBlock>()
  for (const { kind, name } of table.blocks.filter(isFilledByRules)) {
    const one = await run('nft', ['list', kind, ...NFT_TABLE.split(' '), name])
    const [block] = one.code === 0 ? parseNft(one.out)?.blocks ?? [] : []
    if (block === undefined) fail(`nft cannot list our ${kind} ${name}`, one)
    full.set(`${kind} ${name}`, block)
  }
  return { blocks: table.blocks.map((block) => full.get(`${block.kind} ${block.name}`) ?? block) }
}

async function save(run: Runner, tool: 'iptables' | 'ip6tables'): Promise<string> {
  const saved = await run(`${tool}-save`, [])
  if (saved.missing) return ''
  if (saved.code !== 0) fail(`${tool}-save`, saved)
  return saved.out
}

/** Nothing was told: because nothing is there, or because nobody here can ask? */
async function mustBeAskable(run: Runner): Promise<void> {
  const tools = await Promise.all(['nft', 'iptables-save', 'ip6tables-save'].map((tool) => run(tool, ['--version'])))
  if (tools.every(({ missing }) => missing)) throw new NoToolError('the kernel cannot be asked for its rules: nft and iptables are not installed (`apt-get install nftables`)')
}

/** All that is there, empty chains and counters that no rule names among it. */
export async function readOwn(run: Runner): Promise<OwnRules> {
  const [nft, six, four] = await Promise.all([listNft(run), save(run, 'ip6tables'), save(run, 'iptables')])
  if (nft === undefined && six === '' && four === '') await mustBeAskable(run)
  const table = nft === undefined ? undefined : nftText(nft)
  const ip6tables = iptablesText(parseIptables(six))
  const iptables = iptablesText(parseIptables(four))
  return { ...(table === undefined ? {} : { nft: table }), ...(ip6tables === undefined ? {} : { ip6tables }), ...(iptables === undefined ? {} : { iptables }) }
}

export function sameRules(a: OwnRules, b: OwnRules): boolean {
  const form = (rules: OwnRules, store: Store): string | undefined => {
    const text = rules[store]
    return text === undefined ? undefined : store === 'nft' ? canonicalNft(text) : canonicalIptables(text)
  }
  return STORES.every((store) => a[store] === b[store] || form(a, store) === form(b, store))
}

/** Whether our jumps are first in their chains: nft has none, its place is its priority. */
export async function ownFirst(run: Runner): Promise<boolean> {
  const saved = await Promise.all([save(run, 'ip6tables'), save(run, 'iptables')])
  return saved.every((text) => jumpsFirst(parseIptables(text)))
}

async function must(run: Runner, what: string, command: string, args: readonly string[], input: string): Promise<void> {
  const ran = await run(command, args, input)
  if (ran.code !== 0) fail(what, ran)
}

async function writeStore(run: Runner, store: Store, wanted: string | undefined, exact: boolean): Promise<void> {
  if (store === 'nft') {
    const listed = await listNft(run)
    if (wanted === undefined) {
      if (listed !== undefined) for (const text of NFT_REMOVAL) await must(run, 'nft', 'nft', ['-f', '-'], text)
      return
    }
    const table = parseNft(wanted)
    if (table === undefined) throw new RulesError('nft: the text holds no table of ours')
    return must(run, 'nft', 'nft', ['-f', '-'], nftChange(listed, table, exact))
  }
  // a rule that names an ipset loads only where it is; what it holds stays
  if (wanted?.includes(LEDGER_RULE) === true) await must(run, 'ipset', 'ipset', ['restore', '-exist'], ipsetText())
  const change = iptablesChange(parseIptables(await save(run, store)), wanted === undefined ? [] : parseIptables(wanted), exact)
  // rules always on standard input: `-w FILE` would take the file for a number of seconds, load nothing, and say 0
  if (change !== '') await must(run, `${store}-restore`, `${store}-restore`, ['-w', '10', '--noflush'], change)
  if (wanted === undefined && change !== '') {
    // best effort: where there are none, or no ipset, nothing is left either
    const { count, seen } = ipsetNames(store === 'iptables' ? 4 : 6)
    for (const name of [count, seen]) await run('ipset', ['destroy', name])
  }
}

/** Half of it may be there where it throws: for a kernel that nobody uses. */
export async function loadOwn(run: Runner, wanted: OwnRules, exact: boolean): Promise<void> {
  // what is wanted first, what is not wanted any more then: no moment without rules when the back end changes
  for (const store of STORES) if (wanted[store] !== undefined) await writeStore(run, store, wanted[store], exact)
  for (const store of STORES) if (wanted[store] === undefined) await writeStore(run, store, undefined, true)
}

/** Throws RulesError when the kernel refuses; then `before`, what was there, is there again. `exact`: for a way back; see nftChange. */
export async function writeOwn(run: Runner, wanted: OwnRules, exact: boolean, before: OwnRules): Promise<void> {
  try {
    await loadOwn(run, wanted, exact)
  } catch (error) {
    await loadOwn(run, before, true)
    throw error
  }
}

/** Takes away what the change to `wanted` left there empty. What cannot be is left: it decides nothing. */
export async function tidyOwn(run: Runner, wanted: OwnRules): Promise<void> {
  const listed = wanted.nft === undefined ? undefined : await listNft(run)
  const table = wanted.nft === undefined ? undefined : parseNft(wanted.nft)
  const words = listed === undefined || table === undefined ? '' : nftTidying(listed, table)
  if (words !== '') await run('nft', ['-f', '-'], words)
  for (const store of ['ip6tables', 'iptables'] as const) {
    const text = wanted[store]
    const change = text === undefined ? '' : iptablesTidying(parseIptables(await save(run, store)), parseIptables(text))
    if (change !== '') await run(`${store}-restore`, ['-w', '10', '--noflush'], change)
  }
}
