// The files that are imported, read whole and bounded. Danger prevented: a device or a program read as if it were rules, and a file that is
// missing passed over, so that a policy is made of half of them.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SHOREWALL_FILES } from '../import/shorewall/shorewall.ts'
import { notText } from '../import/source.ts'
import type { ImportFile, ImportProblem } from '../import/source.ts'
import { readMend, whyUnread } from '../gateway/file-fault.ts'
import { boundedText, readBounded } from '../gateway/read-bounded.ts'

const MOST_BYTES = 64 << 20
const OWNERS: Readonly<Record<string, string>> = { shorewall: 'Shorewall', squid: 'Squid', squidguard: 'squidGuard', e2guardian: 'e2guardian' }

function existing(folder: string, names: readonly string[]): string[] {
  const there = new Set(readdirSync(folder))
  return names.filter((name) => there.has(name)).map((name) => join(folder, name))
}

/** `squid.conf`, and what Debian's includes. */
function squidFolder(path: string): string[] {
  const more = join(path, 'conf.d')
  const parts = statSync(more, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(more).filter((name) => name.endsWith('.conf')).sort().map((name) => join(more, name)) : []
  return [...existing(path, ['squid.conf']), ...parts]
}

/** Of a folder the files that are read. */
function expanded(kind: string, path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  if (kind === 'squid') return squidFolder(path)
  if (kind === 'squidguard') return existing(path, ['squidGuard.conf'])
  if (kind === 'e2guardian') return existing(path, ['e2guardian.conf', 'dansguardian.conf']).slice(0, 1)
  if (kind !== 'shorewall') return [path]
  const there = new Set(readdirSync(path))
  return SHOREWALL_FILES.filter((name) => there.has(name)).map((name) => join(path, name))
}

async function readOne(path: string): Promise<ImportFile> {
  return path === '-' ? { name: 'standard input', text: await boundedText(process.stdin, MOST_BYTES) } : { name: path, text: await readBounded(path, MOST_BYTES) }
}

/** All of them, or what is wrong with one. */
export async function readImportFiles(kind: string, paths: readonly string[]): Promise<{ readonly files: readonly ImportFile[] } | ImportProblem> {
  const files: ImportFile[] = []
  for (const path of paths) {
    try {
      const found = expanded(kind, path)
      if (found.length === 0) return { file: path, message: `this folder holds none of ${OWNERS[kind] ?? kind}'s files`, ...(kind === 'shorewall' ? { hint: `it reads ${SHOREWALL_FILES.join(', ')}` } : {}) }
      for (const each of found) {
        const file = await readOne(each)
        const problem = notText(file)
        // an empty file of a folder, or among others, says nothing, and is no mistake
        if (problem !== undefined && (file.text.trim() !== '' || found.length + paths.length === 2)) return problem
        if (problem === undefined) files.push(file)
      }
    } catch (error) {
      return { file: path, message: `it cannot be read: ${whyUnread(error)}`, hint: readMend(error) }
    }
  }
  return files.length === 0 ? { file: paths[0] ?? '', message: 'it is empty', hint: 'name a file that holds something' } : { files }
}
