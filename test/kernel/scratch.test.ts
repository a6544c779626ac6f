// A tool that this machine has not, asked for in a namespace of its own: missing there as outside.
import t from 'tap'
import { Scratch } from '../../src/kernel/scratch.ts'
import { unable } from '../firewall/root.ts'

t.test('a program that is not there is missing, and none that failed', { skip: unable(['unshare', 'nsenter']) }, async (t) => {
  const scratch = await Scratch.open()
  if (scratch === undefined) throw new Error('no namespace')
  t.teardown(() => scratch.close())
  t.match(await scratch.run('no-such-tool-of-anybodys', []), { missing: true, err: 'no-such-tool-of-anybodys is not installed' })
  t.match(await scratch.run('sh', ['-c', 'exit 127']), { missing: false, code: 127 })
})
