// Which file `--policy FILE|DIR` means. Danger prevented: a folder in which one of several policies is taken by chance of its name.
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export type PolicyPath = { readonly ok: true; readonly file: string } | { readonly ok: false; readonly problem: string; readonly hint: string }

/** The package's own, as short as it can be said from here. */
export function defaultPolicyFile(): string {
  const file = fileURLToPath(new URL('../../policies/default.yaml', import.meta.url))
  const near = relative(process.cwd(), file)
  return near.startsWith('..') ? file : near
}

/** Every policy of a folder, by name; the file itself where it is none (whether it can be read is seen when it is). */
export function policyFiles(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  return readdirSync(path).filter((name) => /^[^.].*\.ya?ml$/i.test(name)).sort().map((name) => join(path, name))
}

export function onePolicyFile(path: string | undefined): PolicyPath {
  if (path === undefined) return { ok: true, file: defaultPolicyFile() }
  const files = policyFiles(path)
  const [file] = files
  if (file !== undefined && files.length === 1) return { ok: true, file }
  if (file === undefined) return { ok: false, problem: `${path} holds no policy (*.yaml)`, hint: 'name the file: `--policy FILE`' }
  return { ok: false, problem: `${path} holds ${files.length} policies, and exactly one is needed`, hint: `name one: \`--policy ${file}\`` }
}
