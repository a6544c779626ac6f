// A log file: whole lines in order, a rotation loses none, and what cannot be written neither grows without bound nor goes unsaid.
import t from 'tap'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LogFile } from '../../src/gateway/log-file.ts'

const quiet = { failed: () => {}, recovered: () => {} }

t.test('lines are appended, in order', async (t) => {
  const file = join(t.testdir({ log: 'before\n' }), 'log')
  const log = new LogFile(file, quiet)
  for (let i = 0; i < 1000; i++) log.write(`${i}\n`)
  await log.end()
  t.equal(readFileSync(file, 'utf8'), `before\n${Array.from({ length: 1000 }, (_, i) => `${i}\n`).join('')}`)
})

t.test('a new file is not for everybody to read', async (t) => {
  const file = join(t.testdir(), 'log')
  const log = new LogFile(file, quiet)
  await log.end()
  t.equal(statSync(file).mode & 0o007, 0)
})

t.test('rotation: the old file keeps what was written, the new one gets the rest, nothing is lost', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'log')
  const log = new LogFile(file, quiet)
  let written = 0
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 200; i++) log.write(`${written++}\n`)
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    renameSync(file, `${file}.${round}`)
    log.reopen()
    t.ok(existsSync(file), 'the new file is there at once')
  }
  log.write('last\n')
  await log.end()
  const all = [0, 1, 2, 3, 4].map((round) => readFileSync(`${file}.${round}`, 'utf8')).join('') + readFileSync(file, 'utf8')
  t.same(all.trim().split('\n'), [...Array.from({ length: written }, (_, i) => String(i)), 'last'])
})

t.test('a rotation whose new file cannot be opened leaves the old one', async (t) => {
  const folder = t.testdir({ place: {} })
  const file = join(folder, 'place', 'log')
  const log = new LogFile(file, quiet)
  renameSync(join(folder, 'place'), join(folder, 'elsewhere'))
  writeFileSync(join(folder, 'place'), '')
  t.throws(() => log.reopen())
  log.write('still\n')
  await log.end()
  t.equal(readFileSync(join(folder, 'elsewhere', 'log'), 'utf8'), 'still\n')
})

t.test('a full disk is told once, and again when it is over', { skip: !existsSync('/dev/full') }, async (t) => {
  const told: string[] = []
  const log = new LogFile('/dev/full', { failed: (message) => told.push(message), recovered: (lost) => told.push(`lost ${lost}`) })
  log.write('x\n')
  log.write('y\n')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(told.length, 1)
  t.match(told[0], /ENOSPC/)
  for (let i = 0; i < 40; i++) log.write(`${'z'.repeat(1 << 20)}\n`)
  t.equal(told.length, 1, 'memory is bounded, and a word is not repeated')
})
