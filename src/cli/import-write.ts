// The imported policy and its lists put into place: made and loaded in a folder of its own first, then moved, all or none. Danger prevented: a
// policy of somebody's overwritten, or a policy whose list is missing.
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { FileDraft } from '../import/draft.ts'
import { whyUnwritten, writeMend } from '../gateway/file-fault.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'

export type Written = { readonly ok: true; readonly written: readonly string[] } | { readonly ok: false; readonly message: string; readonly hint?: string }

function same(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}

/** Without force it fails where something has come to be in the meantime. */
function place(from: string, to: string, force: boolean): void {
  mkdirSync(dirname(to), { recursive: true })
  if (force) renameSync(from, to)
  else copyFileSync(from, to, constants.COPYFILE_EXCL)
}

export async function writeImport(file: string, text: string, files: readonly FileDraft[], force: boolean): Promise<Written> {
  const folder = dirname(file)
  const all = [...files.map(({ path, text: content }) => ({ path: join(folder, path), from: path, text: content })), { path: file, from: basename(file), text }]
  const there = all.filter((each) => existsSync(each.path) && !same(each.path, each.text))
  if (there.length > 0 && !force) return { ok: false, message: `${there.map(({ path }) => `\`${path}\``).join(', ')} ${there.length === 1 ? 'is' : 'are'} there already, and nothing is written`, hint: 'name another file, or add `--force` to overwrite' }
  let staging: string | undefined
  const placed: string[] = []
  try {
    mkdirSync(folder, { recursive: true })
    staging = mkdtempSync(join(folder, '.greengate-import-'))
    for (const each of all) {
      const path = join(staging, each.from)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, each.text, { mode: 0o644 })
    }
    const loaded = await loadPolicy(join(staging, basename(file)), machineNow(0))
    if (!loaded.ok) return { ok: false, message: `the policy that was made does not load, and nothing is written: ${renderDiagnostic(loaded.diagnostics.find(({ severity }) => severity === 'error') ?? { code: '', severity: 'error', message: 'no reason', place: { file, line: 1, column: 1 } })}` }
    for (const each of all) {
      if (same(each.path, each.text)) continue
      place(join(staging, each.from), each.path, force)
      placed.push(each.path)
    }
    return { ok: true, written: all.map(({ path }) => path) }
  } catch (error) {
    if (!force) for (const path of placed) rmSync(path, { force: true })
    return { ok: false, message: `\`${file}\` cannot be written: ${whyUnwritten(error)}`, hint: `${force ? 'what was overwritten before that stays' : 'nothing is left of it'}; ${writeMend(error, '--write FILE')}` }
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true })
  }
}
