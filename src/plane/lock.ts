// One hand at the rules at a time: a lock of the kernel's, held by a child that ends when we do, however we end. Danger prevented: a watchdog that
// takes back while a confirmation is written, and a lock file whose owner was killed and that keeps everybody out.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'

export interface Held {
  release(): Promise<void>
}

export type Lock = { readonly ok: true; readonly held: Held } | { readonly ok: false; readonly problem: string }

/** What flock ends with when somebody else has it. */
const BUSY = 75

function holderOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
  } catch {
    return ''
  }
}

/** Waits up to `seconds` for whoever has it. */
export async function takeLock(path: string, what: string, seconds = 20): Promise<Lock> {
  const child = spawn('flock', ['--no-fork', '-E', String(BUSY), '-w', String(seconds), path, 'cat'], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', detached: true })
  child.stdin.on('error', () => {})
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => {
    told += String(chunk)
  })
  const answer = new Promise<string | undefined>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'flock is not installed' : `flock cannot be run: ${error.message}`))
    child.on('exit', (code) => resolve(code === BUSY ? `another command has the rules in hand (${holderOf(path)})` : `flock: ${told.trim()}`))
    child.stdout.once('data', () => resolve(undefined))
  })
  child.stdin.write('.')
  const problem = await answer
  if (problem !== undefined) return { ok: false, problem }
  writeFileSync(path, `${what}, process ${process.pid}\n`)
  return {
    ok: true,
    held: {
      async release() {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.stdin.end()
        await ended
      },
    },
  }
}

/** Runs what must not be interrupted by another command of ours; the problem where it cannot begin. */
export async function locked<T>(path: string, what: string, task: () => Promise<T>, seconds?: number): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }> {
  const lock = await takeLock(path, what, seconds)
  if (!lock.ok) return lock
  try {
    return { ok: true, value: await task() }
  } finally {
    await lock.held.release()
  }
}

