// What is said of a file that cannot be read or written: a reason and a mend for each, without a system's own words where ours are known.
import t from 'tap'
import { readMend, whyUnread, whyUnwritten, writeMend } from '../../src/gateway/file-fault.ts'

function fault(code: string): Error {
  return Object.assign(new Error(`${code}: in the system's words`), { code })
}

t.test('reading and writing, fault by fault', async (t) => {
  t.equal(whyUnread(fault('ENOENT')), 'there is no such file')
  t.equal(whyUnread(fault('EACCES')), 'this user may not read it')
  t.equal(whyUnread(fault('EISDIR')), 'it is a folder')
  t.equal(whyUnread(fault('EIO')), "EIO: in the system's words")
  t.equal(whyUnwritten(fault('ENOENT')), 'there is no such folder')
  t.equal(whyUnwritten(fault('EPERM')), 'this user may not write there')
  t.equal(whyUnwritten(fault('EROFS')), 'nothing can be written there: it is mounted read-only')
  t.equal(whyUnwritten(fault('EDQUOT')), 'no room is left there')
  t.equal(readMend(fault('ENOENT'), '--policy FILE'), 'name another: `--policy FILE`')
  t.equal(readMend(fault('EACCES')), 'run it as a user who may, let this one read it, or name another file')
  t.equal(writeMend(fault('EACCES'), '--write FILE'), 'run it as a user who may, or name another: `--write FILE`')
  t.equal(writeMend(fault('ENOSPC'), '--write FILE'), 'make room; nothing was changed')
})
