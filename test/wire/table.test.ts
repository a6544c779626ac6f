// README.md's table against the files of cases: what it counts is what is there, and every case has its source and its sentence.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { caseFiles } from './files.ts'
import { sourcesOf } from './sources.ts'
import { countsIn } from './table.ts'

const files = await caseFiles()

t.test('the table of README.md', async (t) => {
  const text = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  const counts = countsIn(text)
  t.same([...counts.keys()].sort(), files.map((file) => file.rule).sort(), 'a line a file: node test/wire/compare.ts --write')
  for (const { rule, title, cases } of files) {
    t.equal(counts.get(rule), cases.length, `rule ${rule}: node test/wire/compare.ts --write`)
    t.ok(text.includes(`| ${rule} | ${title} | ${sourcesOf(cases)} |`), `rule ${rule}: its sources`)
  }
})

t.test('every case says what it is and where it comes from', async (t) => {
  for (const { rule, cases } of files) {
    t.same(cases.filter((each) => each.name.length < 8 || each.ref.length < 3).map((each) => each.name), [], `rule ${rule}`)
    const names = cases.map((each) => each.name)
    t.same(names.filter((name, at) => names.indexOf(name) !== at), [], `rule ${rule}: no name twice`)
  }
})
