// The texts of every case, to the letter: rules, heads, and what is told. `GREENGATE_UPDATE_GOLDENS=1 node test/firewall/golden.test.ts`
// writes them anew; read the difference before it is committed.
import t from 'tap'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FORMATS, caseNames, readCase } from './cases.ts'

const update = process.env['GREENGATE_UPDATE_GOLDENS'] === '1'

for (const name of caseNames()) {
  t.test(name, async (t) => {
    const { folder, texts, told } = readCase(name)
    const files: (readonly [string, string])[] = [['stderr.txt', told]]
    // the script is the two iptables texts and what never changes: one case shows it; queues are there where a rule limits
    const shown = (format: string): boolean => (format === 'script' ? name.startsWith('01-') : format !== 'tc' || name.endsWith('-limits'))
    for (const [format, file] of FORMATS) if (shown(format)) files.push([file, texts.get(format) ?? ''])
    for (const [file, text] of files) {
      const path = join(folder, file)
      if (update) writeFileSync(path, text)
      t.equal(text, existsSync(path) ? readFileSync(path, 'utf8') : undefined, file)
    }
  })
}
