// The house style that a machine can hold: short files of one idea that say what they are, no syntax that type stripping cannot
// erase, no doors out of the type system, no rooms called "utils".
import t from 'tap'
import { posix } from 'node:path'
import { projectPaths, read, sources, withoutComments } from './tree.ts'

const MOST_LINES = 250

t.test('no source file has more than 250 lines, and half of them have far fewer', async (t) => {
  const broken: string[] = []
  const lengths = sources().map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  for (const { path, lines } of lengths) if (lines > MOST_LINES) broken.push(`${path} has ${lines} lines: one idea a file?`)
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b)
  t.ok((sorted[sorted.length >> 1] ?? 0) <= 130, 'the median is near 80')
  t.same(broken, [])
})

t.test('every source and every test opens by saying what it is', async (t) => {
  const broken: string[] = []
  for (const path of projectPaths().filter((path) => /^(src|test|certs)\/.*\.(ts|cjs)$/.test(path))) {
    const first = read(path).text.replace(/^#![^\n]*\n/, '').replace(/^(['"])use strict\1;?\n/, '')
    if (!/^(\/\/ \S.{15,}|\/\*)/.test(first)) broken.push(`${path} opens without a comment that says what it is`)
  }
  t.same(broken, [])
})

t.test('no default exports, no any, no suppressed errors, no barrels, nothing left to do', async (t) => {
  const broken: string[] = []
  for (const { path, text } of sources()) {
    const code = withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    if (/\bexport\s+default\b/.test(code)) broken.push(`${path}: a default export has no name of its own`)
    if (path.endsWith('.ts') && /(?::|\bas|<|\|)\s*any\b(?!\s*[:=(])/.test(code)) broken.push(`${path}: \`any\` switches the type system off; \`unknown\` does not`)
    if (/@ts-(?:ignore|nocheck|expect-error)/.test(text)) broken.push(`${path}: suppresses a type error`)
    if (/\b(?:TODO|FIXME|XXX|HACK)\b/.test(text)) broken.push(`${path}: unfinished`)
    if (/^(?:index|utils?|helpers?|manager|common|misc)\.ts$/.test(posix.basename(path))) broken.push(`${path}: a name that says nothing`)
  }
  t.same(broken, [])
})

t.test('no test is left alone or left out', async (t) => {
  const broken: string[] = []
  for (const path of projectPaths().filter((path) => /^test\/.*\.ts$/.test(path))) {
    const { text } = read(path)
    if (/\bt\.only\(|\bonly: true\b/.test(text)) broken.push(`${path}: runs one test alone`)
    if (/\bt\.todo\(|\btodo: true\b/.test(text)) broken.push(`${path}: a test that is yet to be written`)
  }
  t.same(broken, [])
})
