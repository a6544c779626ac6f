// Lines come out whole wherever chunks are cut, and no line takes more than its share of memory.
import t from 'tap'
import fc from 'fast-check'
import { LineSplitter } from '../../src/lists/lines.ts'

function lines(chunks: readonly Buffer[]): string[] {
  const out: string[] = []
  const splitter = new LineSplitter((source, from, to, cut) => out.push(Buffer.from(source.subarray(from, to)).toString('latin1') + (cut ? '…' : '')))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return out
}

t.test('however the file is cut', async () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '\n', '\r\n', '\t'), maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 6 }), (text, cuts) => {
    const whole = Buffer.from(text)
    const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
    const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end))
    const expected = text.split('\n').map((line) => line.trim())
    if (text.endsWith('\n') || text === '') expected.pop()
    const found = lines(chunks)
    return JSON.stringify(found) === JSON.stringify(expected)
  }), { numRuns: 2000 })
})

t.test('a byte order mark, carriage returns, a missing end', async (t) => {
  t.same(lines([Buffer.from('\ufeffone\r\ntwo\r\n\r\n three ')]), ['one', 'two', '', 'three'])
  t.same(lines([]), [])
})

t.test('an endless line is cut, and the next one is whole', async (t) => {
  const found = lines([...Array.from({ length: 50 }, () => Buffer.alloc(1000, 'x')), Buffer.from('\nnext\n')])
  t.equal(found[0], `${'x'.repeat(16384)}…`)
  t.equal(found[1], 'next')
  const one = lines([Buffer.concat([Buffer.alloc(50_000, 'y'), Buffer.from('\nnext')])])
  t.equal(one[0], `${'y'.repeat(16384)}…`)
  t.equal(one[1], 'next')
})
