// The process that takes the rules back when nobody confirms them: in a session of its own, so that neither the applier's death nor the terminal's
// takes it along; it counts by itself, so that no clock set forward or back moves the end. It rolls back, and nothing else.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, processId } from '../kernel/processes.ts'
import type { ProcessId } from '../kernel/processes.ts'
import { readPending, rollBack } from './ending.ts'
import type { TakeBack } from './ending.ts'
import type { Places } from './places.ts'
import type { Pending } from './records.ts'

const LOOK_MS = 200
/** An apply that has not come to its end by then has hung. */
const LONGEST_APPLY_MS = 120_000
const ARMED = 'armed'
const START_MS = 20_000

/** How this program is started again: the runtime, its options, the file and the words before `firewall`. */
export interface Self {
  readonly command: string
  readonly args: readonly string[]
}

/** In a scope of systemd's, where there is one: a logout may end all that stands in the session's. */
async function startOne(command: string, args: readonly string[]): Promise<ProcessId | undefined> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' })
  const told = new Promise<string>((resolve) => {
    let text = ''
    const timer = setTimeout(() => resolve(''), START_MS)
    const end = (): void => {
      clearTimeout(timer)
      resolve(text)
    }
    child.on('error', end)
    child.on('exit', end)
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk)
      if (text.includes('\n')) end()
    })
  })
  const pid = new RegExp(`^${ARMED} (\\d+)\\n`).exec(await told)?.[1]
  child.stdout.destroy()
  child.unref()
  return pid === undefined ? undefined : processId(Number(pid))
}

/** undefined: none could be started, and nothing may be applied. */
export async function startWatchdog(self: Self, places: Places, token: string): Promise<ProcessId | undefined> {
  const words = [...self.args, 'firewall', 'watchdog', '--state', places.state, '--token', token]
  if (existsSync('/run/systemd/system')) {
    const scoped = await startOne('systemd-run', ['--scope', '--quiet', '--collect', '--', self.command, ...words])
    if (scoped !== undefined) return scoped
  }
  return startOne(self.command, words)
}

/** Runs until the apply has ended; rolls it back at its deadline, or at once where the applier died on the way. */
export async function watch(places: Places, token: string, takeBack: TakeBack, stopped: () => boolean): Promise<void> {
  const began = performance.now()
  process.stdout.write(`${ARMED} ${process.pid}\n`)
  let waitingSince: number | undefined
  let pending = readPending(places)
  for (; pending?.token === token; await sleep(LOOK_MS), pending = look(places, pending)) {
    const now = performance.now()
    if (pending.phase === 'waiting') waitingSince ??= now
    const why = stopped() ? 'the watchdog was told to end'
      : waitingSince !== undefined ? (now - waitingSince >= pending.seconds * 1000 ? `nobody confirmed within ${pending.seconds} s` : undefined)
        : !isAlive(pending.applier) ? 'the apply was ended before it was done'
          : now - began >= LONGEST_APPLY_MS ? 'the apply came to no end' : undefined
    if (why === undefined) continue
    try {
      await rollBack(places, pending, why, takeBack)
    } catch {
      // nobody reads what it would say, and it must not end before it is done
    }
  }
}

/** A file that somebody has spoilt does not keep the old rules from coming back. */
function look(places: Places, known: Pending): Pending | undefined {
  try {
    return readPending(places)
  } catch {
    return known
  }
}
