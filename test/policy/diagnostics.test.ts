// What an author is told, as whole texts: a folder a case. `GREENGATE_WRITE_GOLDENS=1` writes them anew, to be read before they are kept.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'

const CASES = join(import.meta.dirname, 'cases')
/** the day on which the cases are read: what expires must not depend on the clock */
const TODAY = Date.UTC(2026, 5, 1)

for (const name of readdirSync(CASES).sort()) {
  t.test(name, async (t) => {
    const { policy, diagnostics } = parsePolicy(readFileSync(join(CASES, name, 'policy.yaml'), 'utf8'), 'policy.yaml', TODAY)
    const told = diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic)}\n`).join('\n')
    const golden = join(CASES, name, 'expect.txt')
    if (process.env['GREENGATE_WRITE_GOLDENS'] === '1') writeFileSync(golden, told)
    t.equal(told, existsSync(golden) ? readFileSync(golden, 'utf8') : 'no expect.txt')
    t.equal(policy === undefined, diagnostics.some(({ severity }) => severity === 'error'), 'a policy, or an error')
    for (const { place, hint } of diagnostics) {
      t.ok(place.line >= 1 && place.column >= 1)
      t.ok(hint, 'each tells what to write instead')
    }
  })
}
