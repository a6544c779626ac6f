// Where the PID file and the control socket live when nobody says it: /run/greengate, else $XDG_RUNTIME_DIR/greengate, else a private
// folder under the temporary one. Danger prevented: a folder that another user made first, who then holds our socket's name.
import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const SYSTEM = '/run/greengate'
const NAME = 'greengate.pid'

function userId(): number {
  return process.getuid?.() ?? 0
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** In the order in which they are tried; the first is this user's own. */
export function defaultPidFiles(): string[] {
  const folders: string[] = []
  if (userId() === 0 || writable(SYSTEM)) folders.push(SYSTEM)
  const runtime = process.env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && runtime.startsWith('/') && writable(runtime)) folders.push(join(runtime, 'greengate'))
  folders.push(join(tmpdir(), `greengate-${userId()}`))
  return folders.map((folder) => join(folder, NAME))
}

/** The socket beside a PID file: `x.pid` → `x.sock`. */
export function socketPath(pidFile: string): string {
  return pidFile.endsWith('.pid') ? `${pidFile.slice(0, -4)}.sock` : `${pidFile}.sock`
}

/** Makes the folder where it is missing. What is wrong with it, else undefined. A folder that the administrator named is taken as it is. */
export function prepareFolder(pidFile: string, own: boolean): string | undefined {
  const folder = dirname(pidFile)
  try {
    mkdirSync(folder, { recursive: true, mode: folder === SYSTEM ? 0o755 : 0o700 })
    const found = lstatSync(folder)
    if (own && !found.isDirectory()) return `${folder} is no folder`
    if (own && found.uid !== userId() && found.uid !== 0) return `${folder} belongs to another user`
    if (own && (found.mode & 0o022) !== 0) return `${folder} can be written by others`
    return writable(folder) ? undefined : `${folder} cannot be written`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
