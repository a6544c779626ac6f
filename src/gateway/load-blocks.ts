// The block files of a policy, read whole: they are short. A file that is missing is an error, lines that say nothing are one counted warning.
import { readBlocks } from '../lists/blocks.ts'
import type { BlockEntry } from '../lists/blocks.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { BlockSource, Policy } from '../policy/policy.ts'
import { missingFile, skippedLines } from './load-diagnostics.ts'
import { readBounded } from './read-bounded.ts'

export interface LoadedBlocks {
  readonly blocks: readonly (readonly [name: string, entries: readonly BlockEntry[]])[]
  readonly diagnostics: readonly Diagnostic[]
  /** what they hold, for the hash of the policy */
  readonly texts: readonly string[]
}

/** A million lines and more. */
const MOST_BYTES = 64 << 20

/** Does the file speak of the line's port at all? */
function within({ services }: BlockSource, { port }: BlockEntry, proxyPort: number): boolean {
  if (services === undefined || port === undefined || services.any) return true
  return services.parts.some((part) => (part.protocol === 'proxy' ? port === proxyPort : 'first' in part && part.first <= port && port <= part.last))
}

/** The proxy's port by number means the port in use as well, or `--port` would open what a line closed. */
function withPortInUse(entries: readonly BlockEntry[], written: number, inUse: number): readonly BlockEntry[] {
  if (inUse === 0 || inUse === written) return entries
  return entries.flatMap((entry) => (entry.port === written ? [entry, { ...entry, port: inUse }] : [entry]))
}

/** `portInUse` 0: the policy's own. */
export async function loadBlocks(policy: Policy, line: (place: BlockSource['place']) => string, portInUse: number): Promise<LoadedBlocks> {
  const blocks: [string, readonly BlockEntry[]][] = []
  const diagnostics: Diagnostic[] = []
  const texts: string[] = []
  for (const source of policy.blocks) {
    try {
      const text = await readBounded(source.file, MOST_BYTES)
      const read = readBlocks(text)
      const entries = read.entries.filter((entry) => within(source, entry, policy.gateway.proxy.port))
      // a line whose port is none of the services would block nothing, and look as if it did
      const idle = read.entries.filter((entry) => !entries.includes(entry)).map((entry) => ({ line: entry.line, text: `${entry.address.text}:${entry.port ?? ''}` }))
      const bad = [...read.bad, ...idle].sort((a, b) => a.line - b.line)
      const [first] = bad
      if (first !== undefined) diagnostics.push(skippedLines(source.place, line(source.place), source.file, bad.length, first.line, first.text))
      blocks.push([source.name, withPortInUse(entries, policy.gateway.proxy.port, portInUse)])
      texts.push(text)
    } catch (error) {
      diagnostics.push(missingFile(source.place, line(source.place), `blocks.${source.name}`, source.file, error))
    }
  }
  return { blocks, diagnostics, texts }
}
