// The types hold: of the sources and of the tests. Type stripping runs both without ever looking at them.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './tree.ts'

for (const [what, project] of [['src', '.'], ['test and certs', 'test']] as const) {
  t.test(`${what}: tsc finds no error`, { timeout: 120_000 }, async (t) => {
    // without the hooks that the test runner hands on to every Node below it
    const run = spawnSync('env', ['-u', 'NODE_OPTIONS', process.execPath, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', project], { cwd: ROOT, encoding: 'utf8' })
    t.equal(run.status, 0, run.stdout.slice(0, 4000))
  })
}
