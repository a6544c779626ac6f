// The kernel's log from a file that grows: who follows what comes is not told what stands there.
import t from 'tap'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileMessages } from '../../src/kernel/kernel-log.ts'

const line = (text: string): string => `2026-11-29T23:00:00Z gw kernel: ${text}\n`

t.test('fresh: only what comes from now on; else all of it', async (t) => {
  const file = join(t.testdir({}), 'kern.log')
  for (const fresh of [true, false]) {
    writeFileSync(file, line('old'))
    const stop = new AbortController()
    const messages = fileMessages(file, { follow: true, timezone: 'UTC', signal: stop.signal, ...(fresh ? { fresh: true as const } : {}) })
    const first = messages.next()
    // until it has seen the end of the file, whatever comes is past to it
    const writing = setInterval(() => appendFileSync(file, line('new')), 100)
    const { value } = await first
    clearInterval(writing)
    t.equal(value?.message, fresh ? 'new' : 'old')
    stop.abort()
    await messages.return(undefined)
  }
})
