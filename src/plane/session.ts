// Whether who confirms has got in under the new rules: the connection of the session must be in the kernel's table now, and must not have been
// there when the rules came. Danger prevented: an answer on an old, still established session, which proves nothing and locks everybody out.
import { connections, parseSession, sessionEnds } from '../kernel/connections.ts'
import type { Session } from '../kernel/connections.ts'
import { ancestors, environmentOf } from '../kernel/processes.ts'
import type { Pending } from './records.ts'

/** What the watch over new connections begins with: all that there are, also those that nobody has accepted yet. */
export function connectionsNow(): readonly string[] {
  return connections().map(({ ends, inode }) => `${ends} ${inode}`)
}

/** `sudo` empties the environment; the shell above it has it still. */
export function sessionText(): string | undefined {
  const own = process.env['SSH_CONNECTION']
  if (own !== undefined && own !== '') return own
  for (const pid of ancestors()) {
    const theirs = environmentOf(pid, 'SSH_CONNECTION')
    if (theirs !== undefined && theirs !== '') return theirs
  }
  return undefined
}

export function session(): Session | undefined {
  const text = sessionText()
  return text === undefined ? undefined : parseSession(text)
}

export type Proof = { readonly ok: true; readonly from: string } | { readonly ok: false; readonly problem: string; readonly hint: string }

/** Pure, for the tests: `now` and `before` are connections as `ENDS INODE`. */
export function proveNew(text: string, now: readonly { readonly ends: string; readonly inode: string; readonly established: boolean }[], before: readonly string[]): Proof {
  const found = parseSession(text)
  if (found === undefined) return { ok: false, problem: `\`${text}\` (SSH_CONNECTION) is no connection`, hint: 'open a new session and confirm there, or on the console: `--local`' }
  const ends = sessionEnds(found)
  const from = `${found.client} port ${found.clientPort}`
  const there = now.find((each) => each.ends === ends && each.established)
  if (there === undefined) {
    return { ok: false, problem: `the kernel knows no open connection from ${from} to ${found.server} port ${found.serverPort}`, hint: 'this shell outlived its session (tmux, screen?): open a new session and confirm outside of it' }
  }
  if (before.includes(`${ends} ${there.inode}`) || before.includes(`${ends} 0`)) {
    return { ok: false, problem: `the connection of this session (from ${from}) is older than the rules: that it still lives does not show that a new one gets in`, hint: 'open a new session, and confirm there' }
  }
  return { ok: true, from }
}

/** `local`: typed where no connection leads to. */
export function proveSession(pending: Pending, local: boolean): Proof {
  const text = sessionText()
  if (local) {
    if (text === undefined) return { ok: true, from: 'the console' }
    return { ok: false, problem: `this is no console: the session comes from ${parseSession(text)?.client ?? text}`, hint: 'open a new session and confirm there without `--local`' }
  }
  if (text === undefined) return { ok: false, problem: 'this session does not come over SSH (no SSH_CONNECTION), so nothing shows that a new one gets in', hint: 'open a new SSH session and confirm there; on the machine\'s own console: `--local`' }
  return proveNew(text, connections(), pending.connections)
}
