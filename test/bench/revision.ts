// Another revision of the project beside this tree, as a worktree in a temporary folder that borrows the packages of this one.
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { onEnd } from './undo.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

function git(words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('git', words, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`--compare: git ${words[0]}: ${error?.message ?? stderr.trim()}`)
  return stdout.trim()
}

export function checkOut(revision: string, folder: string): { readonly root: string; readonly title: string } {
  const commit = git(['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`])
  const root = join(folder, 'other')
  onEnd(() => void spawnSync('git', ['worktree', 'remove', '--force', root], { cwd: ROOT, stdio: 'ignore' }))
  git(['worktree', 'add', '--detach', '--quiet', root, commit])
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return { root, title: git(['rev-parse', '--short', commit]) }
}
