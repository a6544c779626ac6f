// From a policy's path to a policy that holds: read, parse, resolve, lists, blocks, compile, and its own tests, all of it beside the one in
// force. The one way in for `serve`, `check`, `explain` and `firewall`. Danger prevented: half a policy in force, or a check that judges
// other than the gateway loads.
import { createHash } from 'node:crypto'
import { compileSteps } from '../decision/compile.ts'
import type { CompiledPolicy } from '../decision/compile.ts'
import { checkExpressions } from '../decision/expression-check.ts'
import { lint } from '../decision/lint.ts'
import type { Machine } from '../decision/machine.ts'
import { atOnce, eachOf } from '../decision/steps.ts'
import type { Steps } from '../decision/steps.ts'
import { runPolicyTests } from '../decision/test.ts'
import type { BlockEntry } from '../lists/blocks.ts'
import { openList } from '../lists/list.ts'
import type { ListTables } from '../lists/list.ts'
import type { Diagnostic, Place } from '../policy/diagnostic.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { Policy } from '../policy/policy.ts'
import { loadBlocks } from './load-blocks.ts'
import { excerpt, unreadablePolicy } from './load-diagnostics.ts'
import { loadLists } from './load-lists.ts'
import type { ListFile } from './load-lists.ts'
import { readBounded } from './read-bounded.ts'

/** All that a policy is compiled from, as data that can be sent to a worker; what is large in it is shared, not copied. */
export interface PolicySource {
  readonly policy: Policy
  readonly lists: readonly ListTables[]
  readonly blocks: readonly (readonly [name: string, entries: readonly BlockEntry[]])[]
  /** of the policy's text and of every file that it names: 16 hexadecimal digits */
  readonly hash: string
}

export type Loaded =
  | { readonly ok: true; readonly source: PolicySource; readonly compiled: CompiledPolicy; readonly hash: string; readonly text: string; readonly files: readonly ListFile[]; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

export interface LoadOptions {
  /** also tell what only shows when the rules are asked: shadowed ones, for one */
  readonly lint?: boolean
  /** the list files of the policy in force */
  readonly before?: readonly ListFile[]
  /** in place of what the file says now; the files that it names are looked for beside it still */
  readonly text?: string
  /** told how much of the lists is read, from 0 to 1 */
  readonly step?: (share: number) => void
}

/** More is no policy; lists have files of their own. */
const MOST_BYTES = 16 << 20

/** The same wherever it runs: what is compiled in a worker is what was tested in the main thread. */
export function compileSource(source: PolicySource, machine: Machine): CompiledPolicy {
  return atOnce(sourceSteps(source, machine))
}

export function* sourceSteps(source: PolicySource, machine: Machine): Steps<CompiledPolicy> {
  const lists = new Map(yield* eachOf(source.lists, (tables) => [tables.name, openList(tables)] as const))
  return yield* compileSteps(source.policy, { lists, blocks: new Map(source.blocks), machine })
}

function hashOf(text: string, parts: readonly string[]): string {
  const hash = createHash('sha256').update(text)
  for (const part of parts) hash.update('\0').update(part)
  return hash.digest('hex').slice(0, 16)
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.place.line - b.place.line || a.place.column - b.place.column
}

function failed(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((each) => each.severity === 'error')
}

/** `machine.proxyPort` 0: the policy's own. */
export async function loadPolicy(file: string, machine: Machine, options: LoadOptions = {}): Promise<Loaded> {
  let text: string
  try {
    text = options.text ?? await readBounded(file, MOST_BYTES)
  } catch (error) {
    return { ok: false, diagnostics: [unreadablePolicy(file, error)] }
  }
  const { policy, partial, diagnostics: parsed } = parsePolicy(text, file)
  if (partial === undefined) return { ok: false, diagnostics: parsed }

  // looked for even where the file has errors already: its author is told all of them in one go
  const lines = text.split(/\r?\n/)
  const line = (place: Place): string => lines[place.line - 1] ?? ''
  const blocks = await loadBlocks(partial, line, machine.proxyPort)
  const lists = await loadLists(partial, line, options.before ?? [], options.step)
  const diagnostics = [...parsed, ...checkExpressions(partial), ...blocks.diagnostics, ...lists.diagnostics]
  if (policy === undefined || failed(diagnostics)) return { ok: false, diagnostics: shown(diagnostics, file, line) }

  const source: PolicySource = { policy, lists: lists.lists, blocks: blocks.blocks, hash: hashOf(text, [...blocks.texts, ...lists.digests]) }
  const compiled = compileSource(source, machine.proxyPort === 0 ? { ...machine, proxyPort: policy.gateway.proxy.port } : machine)
  diagnostics.push(...runPolicyTests(compiled))
  if (options.lint === true) diagnostics.push(...lint(compiled))
  const told = shown(diagnostics, file, line)
  return failed(told) ? { ok: false, diagnostics: told } : { ok: true, source, compiled, hash: source.hash, text, files: lists.files, diagnostics: told }
}

/** In the file's order, each with the line that it is about. */
function shown(diagnostics: readonly Diagnostic[], file: string, line: (place: Place) => string): readonly Diagnostic[] {
  return diagnostics.map((each) => (each.excerpt === undefined && each.place.file === file ? { ...each, ...excerpt(line(each.place), each.place.column) } : each)).sort(byPlace)
}
