// The PID file: the number of the process that takes the signals. Danger prevented: a signal sent to a stranger that inherited the
// number of a gateway that died, and a symbolic link planted at the file's name that makes us overwrite another file.
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'

/** Written beside and moved into place: never half a number, and a link there is replaced, not followed. */
export function writePidFile(file: string): void {
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, `${process.pid}\n`, { flag: 'wx', mode: 0o644 })
  renameSync(beside, file)
}

export function readPidFile(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'latin1').trim()
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}

/** Only ours: a successor may have written its own meanwhile. */
export function removePidFile(file: string): void {
  if (readPidFile(file) !== process.pid) return
  try {
    unlinkSync(file)
  } catch {
    // somebody was faster
  }
}
