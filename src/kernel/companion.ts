// A program that is started to be listened to for as long as we live, and no longer. Danger prevented: a follower that was killed with -9 and leaves its
// reader of the kernel behind, for ever, because nothing happens that would tell it.
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { toolEnvironment } from './tool-environment.ts'

/** Asks the kernel to end a program with the one that started it (util-linux). Where it is missing, the program ends with its next word to us. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file))

export function companion(command: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const words = SETPRIV === undefined ? [command, ...args] : [SETPRIV, '--pdeathsig', 'KILL', command, ...args]
  const [program = command, ...rest] = words
  return spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(), cwd: '/' })
}

/** What it said, where the word for a program that is missing is setpriv's. */
export function plainly(said: string): string {
  return said.replace(/^setpriv: failed to execute (\S+): No such file or directory$/, '$1 is not installed')
}
