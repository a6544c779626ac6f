// A log file: whole lines in order, a rotation loses none, and what cannot be written neither grows without bound nor goes unsaid.
import t from 'tap'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LogFile } from '../../src/gateway/log-file.ts'

const quiet = { failed: () => {}, recovered: () => {} }

/** A named pipe with a reader that reads when it is told to. */
function pipe(folder: string): { readonly path: string; read(): string; close(): void } {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(1 << 16)
  return {
    path,
    read: () => {
      let text = ''
      try {
        for (let octets = readSync(fd, buffer); octets > 0; octets = readSync(fd, buffer)) text += buffer.toString('latin1', 0, octets)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
      return text
    },
    close: () => closeSync(fd),
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

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

t.test('a reader that hangs: nothing blocks, memory is bounded, and each line is read or counted', async (t) => {
  const reader = pipe(t.testdir())
  t.teardown(() => reader.close())
  const told: string[] = []
  let lost = 0
  const log = new LogFile(reader.path, {
    failed: (message) => told.push(message),
    recovered: (lines) => {
      told.push('again')
      lost += lines
    },
  }, 200_000)
  const line = `${'x'.repeat(99)}\n`
  let written = 0
  for (; written < 10_000; written++) log.write(line)
  await pause(50)
  t.same(told.length, 1, 'told once, however many are dropped')
  t.ok(log.lost > 5_000)
  let text = ''
  const end = Date.now() + 20_000
  while (!told.includes('again') && Date.now() < end) {
    text += reader.read()
    await pause(2)
  }
  log.write('last\n')
  const ended = log.end()
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!over && Date.now() < end) {
    text += reader.read()
    await pause(2)
  }
  text += reader.read()
  const lines = text.trimEnd().split('\n')
  t.equal(lines.pop(), 'last')
  t.equal(lines.filter((each) => each.length !== 99).length, 0, 'whole lines')
  t.equal(lines.length + lost, written)
  t.same(told.length, 2)
})

t.test('a slow reader does not make a complaint of every write', async (t) => {
  const reader = pipe(t.testdir())
  t.teardown(() => reader.close())
  const told: string[] = []
  const log = new LogFile(reader.path, { failed: (message) => told.push(message), recovered: () => told.push('again') }, 100_000)
  const end = Date.now() + 1_500
  let octets = 0
  while (Date.now() < end) {
    for (let i = 0; i < 200; i++) log.write(`${'x'.repeat(999)}\n`)
    octets += reader.read().length
    await pause(1)
  }
  t.ok(octets > 0)
  t.ok(told.length <= 2 + 2 * (octets / 50_000), `${told.length} complaints for ${octets} octets`)
})

t.test('a named pipe: none is opened that nobody reads, and another reader may come', async (t) => {
  const folder = t.testdir()
  const reader = pipe(folder)
  reader.close()
  t.throws(() => new LogFile(reader.path, quiet), { code: 'ENXIO' }, 'the start is not held')
  const first = openSync(reader.path, constants.O_RDONLY | constants.O_NONBLOCK)
  const told: string[] = []
  const log = new LogFile(reader.path, { failed: (message) => told.push(message), recovered: () => told.push('again') })
  closeSync(first)
  log.write('one\n')
  await pause(50)
  t.match(told[0], /EPIPE/)
  const second = openSync(reader.path, constants.O_RDONLY | constants.O_NONBLOCK)
  t.teardown(() => closeSync(second))
  const keep = setInterval(() => {}, 100)
  for (let look = 0; look < 200 && !told.includes('again'); look++) await pause(50)
  clearInterval(keep)
  const buffer = Buffer.alloc(100)
  t.equal(buffer.toString('latin1', 0, readSync(second, buffer)), 'one\n')
})

t.test('a rotation in the middle of a line: the new file begins with the whole of it', async (t) => {
  const reader = pipe(t.testdir())
  t.teardown(() => reader.close())
  const log = new LogFile(reader.path, quiet)
  const line = (number: number): string => `${String(number).padStart(98, '0')}x\n`
  for (let number = 0; number < 3_000; number++) log.write(line(number))
  await pause(50)
  renameSync(reader.path, `${reader.path}.old`)
  log.reopen()
  await log.end()
  const before = reader.read()
  const whole = before.slice(0, before.lastIndexOf('\n') + 1)
  t.ok(before.length > whole.length, 'a line was cut')
  t.equal(whole + readFileSync(reader.path, 'utf8'), Array.from({ length: 3_000 }, (_, number) => line(number)).join(''))
})
