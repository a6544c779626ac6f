// What the kernel has beside what it should have: our rules line by line, our jumps in their places, and others' rules that stand in the way. Both sides
// are listings of a kernel: the wanted one of a namespace that exists for it alone. Danger prevented: a comparison with one's own memory.
import { readFileSync } from 'node:fs'
import { tablesWithChains } from '../kernel/nft-tables.ts'
import { Scratch } from '../kernel/scratch.ts'
import { runTool } from '../kernel/tool.ts'
import type { Runner } from '../kernel/tool.ts'
import { foreignInIptables, foreignInNft, isOthers } from './foreign.ts'
import type { Foreign } from './foreign.ts'
import { RulesError, loadOwn, ownFirst, readOwn } from './own-kernel.ts'
import { isNothing } from './own-rules.ts'
import type { OwnRules } from './own-rules.ts'
import { diffRules } from './rule-diff.ts'
import type { PartDiff } from './rule-diff.ts'

/** Rules as a kernel lists them that has nothing else. Throws RulesError where they do not load. */
export async function normalised(rules: OwnRules): Promise<OwnRules> {
  const scratch = await Scratch.open()
  if (scratch === undefined) throw new RulesError('no network namespace can be made here to load the rules in')
  try {
    await loadOwn(scratch.run, rules, true)
    return await readOwn(scratch.run)
  } finally {
    await scratch.close()
  }
}

export interface Drift {
  readonly parts: readonly PartDiff[]
  /** the kernel has nothing of ours, and should have */
  readonly none: boolean
  /** every jump of ours is the first rule of its chain */
  readonly first: boolean
  readonly foreign: readonly Foreign[]
}

export function isDrift({ parts, first }: Drift): boolean {
  return parts.length > 0 || !first
}

/** Tables of the old iptables, which nft does not see, are there only where somebody has made them. */
function legacyTools(): readonly string[] {
  const has = (file: string): boolean => {
    try {
      return readFileSync(file, 'latin1').trim() !== ''
    } catch {
      return false
    }
  }
  return [...(has('/proc/net/ip_tables_names') ? ['iptables-legacy'] : []), ...(has('/proc/net/ip6_tables_names') ? ['ip6tables-legacy'] : [])]
}

export async function readForeign(run: Runner = runTool): Promise<readonly Foreign[]> {
  const found: Foreign[] = []
  for (const table of (await tablesWithChains(run)) ?? []) {
    if (!isOthers(table)) continue
    const listed = await run('nft', ['-j', '-t', 'list', 'table', ...table.split(' ')])
    if (listed.code === 0) found.push(...foreignInNft(listed.out))
  }
  for (const tool of ['iptables', 'ip6tables', ...legacyTools()]) {
    const saved = await run(`${tool}-save`, [])
    if (saved.code === 0) found.push(...foreignInIptables(tool, saved.out))
  }
  return found
}

/** `wanted`: normalised. */
export async function driftFrom(wanted: OwnRules, run: Runner = runTool): Promise<Drift> {
  const [live, first, foreign] = await Promise.all([readOwn(run), ownFirst(run), readForeign(run)])
  return { parts: diffRules(live, wanted), none: isNothing(live) && !isNothing(wanted), first, foreign }
}
