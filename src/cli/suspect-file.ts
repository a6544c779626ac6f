// The file in which suspects are remembered: read whole, written whole or not at all. Danger prevented: a person's verdicts lost by a full disk, or by two
// runs at once.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { readState, stateText } from '../report/suspect-state.ts'
import type { State } from '../report/suspect-state.ts'
import { failure } from './exit.ts'

export function stateFile(named: string | undefined): string {
  if (named !== undefined) return named
  if (process.getuid?.() === 0) return '/var/lib/greengate/suspects.json'
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'greengate', 'suspects.json')
}

/** undefined: told, and the exit code is set. */
export function loadState(file: string): State | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    return void failure(`\`${file}\` cannot be read: ${error instanceof Error ? error.message : String(error)}`, 'name another state file: `--state FILE`')
  }
  try {
    return readState(text)
  } catch (error) {
    return void failure(`\`${file}\` is damaged: ${error instanceof Error ? error.message : String(error)}`, 'mend it, or move it away to begin anew')
  }
}

/** False: told. */
export function saveState(file: string, state: State): boolean {
  const draft = `${file}.${process.pid}.new`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(draft, stateText(state), { mode: 0o600, flag: 'wx' })
    renameSync(draft, file)
    return true
  } catch (error) {
    rmSync(draft, { force: true })
    failure(`\`${file}\` cannot be written: ${error instanceof Error ? error.message : String(error)}`, 'name another state file: `--state FILE`')
    return false
  }
}
