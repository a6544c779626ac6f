// How the gateway is found: its PID file and its control socket. Danger prevented: two gateways that each believe the file is theirs, and a
// stale file of one that was killed which keeps the next from starting.
import { unlinkSync } from 'node:fs'
import type { Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { controlAnswers, listenControl } from './control.ts'
import type { ControlActions } from './control.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { defaultPidFiles, prepareFolder, socketPath } from './run-dir.ts'

export type Presence =
  | { readonly ok: true; readonly pidFile: string | undefined; readonly note: string | undefined; leave(): void }
  | { readonly ok: false; readonly problem: string; readonly hint: string }

async function take(pidFile: string, own: boolean, actions: ControlActions): Promise<Server | string> {
  const wrong = prepareFolder(pidFile, own)
  if (wrong !== undefined) return wrong
  try {
    const server = await listenControl(socketPath(pidFile), actions)
    writePidFile(pidFile)
    return server
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function present(pidFile: string, server: Server, note: string | undefined): Presence {
  return {
    ok: true,
    pidFile,
    note,
    leave() {
      server.close()
      try {
        unlinkSync(socketPath(pidFile))
      } catch {
        // gone already
      }
      removePidFile(pidFile)
    },
  }
}

/** A file that was named must be ours, else we do not start. Of the default ones another gateway may have the first: then ours carries the port. */
export async function takePresence(named: string | undefined, port: number, actions: ControlActions): Promise<Presence> {
  if (named !== undefined) {
    const taken = await take(named, false, actions)
    if (typeof taken !== 'string') return present(named, taken, undefined)
    return { ok: false, problem: `cannot keep the PID file ${named}: ${taken}`, hint: 'end the other gateway, or give this one its own: `--pid-file FILE`' }
  }
  let last = ''
  for (const file of defaultPidFiles()) {
    const held = await controlAnswers(socketPath(file))
    const own = held ? join(dirname(file), `${basename(file, '.pid')}-${port}.pid`) : file
    const taken = await take(own, true, actions)
    if (typeof taken === 'string') {
      last = taken
      continue
    }
    return present(own, taken, held ? `another gateway has ${file}; this one: \`greengate reload --pid-file ${own}\`` : undefined)
  }
  return { ok: true, pidFile: undefined, note: `no PID file (${last}): \`greengate reload\` will not find this gateway; name one: \`--pid-file FILE\``, leave: () => {} }
}
