// What the tests of the house rules look at: the files of the project, and what each imports.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** Folders under src in their order: each imports only from those before it. */
export const ROOMS = [
  'net', 'http', 'tls', 'policy', 'lists', 'decision', 'firewall', 'proof', 'import', 'log', 'report', 'kernel', 'plane', 'proxy', 'gateway', 'console', 'cli', 'main',
] as const

export interface SourceFile {
  /** relative to the root, with slashes */
  readonly path: string
  readonly text: string
}

/** What is committed or would be: the ignored (node_modules, keys, logs) is no part of the project. */
export function projectPaths(): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' })
  return [...new Set(out.split('\0'))].filter((path) => path !== '' && existsSync(join(ROOT, path))).sort()
}

export function read(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') }
}

export function sources(): SourceFile[] {
  return projectPaths().filter((path) => /^src\/.*\.(ts|cjs)$/.test(path)).map(read)
}

/** The room of a file under src: its folder, or `main`. */
export function roomOf(path: string): string {
  const parts = path.split('/')
  return parts.length === 2 ? 'main' : (parts[1] ?? '')
}

/** Specifiers of imports, re-exports, `import()` and `require()`; what stands in comments does not count. */
export function imports(text: string): string[] {
  const code = withoutComments(text)
  const found: string[] = []
  for (const pattern of [/\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g, /(?<!['"])\bimport\s*['"]([^'"]+)['"]/g, /\b(?:import|require|require\.resolve)\(\s*['"]([^'"]+)['"]/g]) {
    for (const match of code.matchAll(pattern)) if (match[1] !== undefined) found.push(match[1])
  }
  return found
}

/** Comments blanked, strings kept; good enough for sources in the house style. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|[\s;{}(),])\/\/[^\n]*/g, '$1')
}

/** The package of a bare specifier: `pino`, `@scope/name`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}
