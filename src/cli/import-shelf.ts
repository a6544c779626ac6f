// The files that a configuration names, found beside it: by their paths where it was copied as a whole, else where they say. Danger prevented: the lists of the machine at hand, read into the policy of
// another's configuration that was copied here.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Shelf } from '../import/e2guardian/shelf.ts'
import { notText } from '../import/source.ts'

/** What is larger is a collection, and is named where it stands. */
const MOST_OCTETS = 4 << 20

function kindOf(path: string): 'file' | 'folder' | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true ? 'file' : found?.isDirectory() === true ? 'folder' : undefined
}

/** The longest tail of the path that stands in the folder, else the path itself. */
function located(folders: readonly string[], path: string, kind: 'file' | 'folder'): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return undefined
  for (let from = 0; from < parts.length; from++) {
    const found = folders.map((folder) => join(folder, ...parts.slice(from))).find((each) => kindOf(each) === kind)
    if (found !== undefined) return found
  }
  return isAbsolute(path) && kindOf(path) === kind ? path : undefined
}

export function shelfBeside(paths: readonly string[]): Shelf {
  const folders = [...new Set(paths.filter((path) => path !== '-').map((path) => (kindOf(path) === 'folder' ? path : dirname(path))))]
  return {
    open: (path) => {
      const name = located(folders, path, 'file')
      if (name === undefined) return undefined
      try {
        if (statSync(name).size > MOST_OCTETS) return { name, path: resolve(name), text: undefined }
        const text = readFileSync(name, 'utf8')
        return text.trim() === '' || notText({ name, text }) === undefined ? { name, path: resolve(name), text } : undefined
      } catch {
        return undefined
      }
    },
    list: (path) => {
      const name = located(folders, path, 'folder')
      return name === undefined ? [] : readdirSync(name).sort().map((each) => join(path, each))
    },
  }
}
