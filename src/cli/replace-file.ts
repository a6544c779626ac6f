// A file of somebody's replaced at once: written beside it, whole on the disk, with the mode and the owner of the old one; a link stays a link. Danger prevented: half a policy
// after a power cut, one that the gateway may no longer read, and an edit of somebody else that is lost.
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { whyUnwritten, writeMend } from '../gateway/file-fault.ts'

/** `before`: what was read. What went wrong, else undefined. */
export function replaceFile(path: string, before: string, text: string): { readonly why: string; readonly mend: string } | undefined {
  let made: string | undefined
  try {
    const file = realpathSync(path)
    const { mode, uid, gid } = statSync(file)
    made = join(dirname(file), `.${basename(file)}.${process.pid}.new`)
    const handle = openSync(made, 'wx', 0o600)
    try {
      const octets = Buffer.from(text)
      for (let at = 0; at < octets.length;) at += writeSync(handle, octets, at)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    const own = statSync(made)
    if (own.uid !== uid || own.gid !== gid) chownSync(made, uid, gid)
    chmodSync(made, mode & 0o7777)
    if (readFileSync(file, 'utf8') !== before) return { why: 'it was changed by somebody else meanwhile', mend: 'read it again, and then edit it' }
    renameSync(made, file)
    made = undefined
    return undefined
  } catch (error) {
    return { why: whyUnwritten(error), mend: writeMend(error) }
  } finally {
    if (made !== undefined) rmSync(made, { force: true })
  }
}
