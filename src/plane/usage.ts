// Reads what the kernel counted and keeps the sums in a file. Whoever loads rules does it inside `keepingUsage`: iptables begins to count anew
// with every load, and what it counted before would be lost. Danger prevented: a load that fails because its statistics could not be written.
import { join } from 'node:path'
import { NFT_TABLE } from '../firewall/nft.ts'
import { addCounts, readIptablesCounts, readNftCounts } from '../firewall/counts.ts'
import type { Counts } from '../firewall/counts.ts'
import { usageFrom, usageJson, withCountersAnew, withReading } from '../firewall/usage.ts'
import type { Usage } from '../firewall/usage.ts'
import { bootId } from '../kernel/processes.ts'
import { runTool } from '../kernel/tool.ts'
import type { Runner } from '../kernel/tool.ts'
import { readJson, writeJson } from './places.ts'

export function usageFile(stateFolder: string): string {
  return join(stateFolder, 'usage.json')
}

async function nftCounts(run: Runner): Promise<Counts> {
  const { code, out } = await run('nft', ['-j', '-t', 'list', 'table', ...NFT_TABLE.split(' ')])
  return code === 0 ? readNftCounts(out) : new Map()
}

/** Both back ends: the one that is not in force counts nothing. */
export async function readCounts(run: Runner = runTool): Promise<Counts> {
  const [nft, four, six] = await Promise.all([nftCounts(run), run('iptables-save', ['-c']), run('ip6tables-save', ['-c'])])
  return addCounts([nft, ...[four, six].map(({ code, out }) => readIptablesCounts(code === 0 ? out : ''))])
}

/** undefined: there is none yet, or it cannot be read. */
export function loadUsage(file: string): Usage | undefined {
  try {
    return usageFrom(readJson(file))
  } catch {
    return undefined
  }
}

/** One more reading, kept. What could not be written is told, and no reason to stop. */
export async function takeReading(file: string, run: Runner = runTool): Promise<{ readonly usage: Usage; readonly problem: string | undefined }> {
  const usage = withReading(loadUsage(file), await readCounts(run), Date.now(), bootId())
  return { usage, problem: keep(file, usage) }
}

function keep(file: string, usage: Usage): string | undefined {
  try {
    writeJson(file, usageJson(usage))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * Loads rules without losing what was counted: a reading before, and after the load the word that what is not nft's began anew. What passes between
 * the reading and the load, milliseconds, is not counted. A load that fails has changed nothing; statistics that fail hinder no load.
 */
export async function keepingUsage<T>(file: string, load: () => Promise<T>, run: Runner = runTool): Promise<T> {
  const before = await takeReading(file, run).catch(() => undefined)
  const loaded = await load()
  if (before === undefined) return loaded
  const kept = await nftCounts(run).catch(() => new Map<string, never>())
  const anew = withCountersAnew(before.usage, kept)
  // a rule that came with this load is watched from now on, hit or not
  const after = await readCounts(run).catch(() => undefined)
  keep(file, after === undefined ? anew : withReading(anew, after, Date.now(), bootId()))
  return loaded
}
