// The bench works on this machine: a table comes out, with a figure in it, and when it is over nothing of it is left: no process, no folder.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLAIN } from '../programs/run.ts'
import { parseOptions } from './options.ts'

const RUN = join(import.meta.dirname, 'run.ts')

/** TMPDIR of its own marks all that the bench starts: proxies, load and origin stand in folders there. */
function bench(t: { teardown(run: () => unknown): void }, args: readonly string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gg-bench-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [command, ...plain] = PLAIN
  const { status, stdout, stderr } = spawnSync(command, [...plain, process.execPath, RUN, ...args], { encoding: 'utf8', env: { ...process.env, TMPDIR: folder } })
  return { code: status, stdout, stderr, folder }
}

function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
      return words.includes(folder) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TMPDIR=${folder}`) ? [words] : []
    } catch {
      return [] // it ended meanwhile, or is another user's
    }
  })
}

for (const generator of ['ts', 'c']) {
  const none = generator === 'c' && spawnSync('sh', ['-c', 'command -v cc || command -v gcc || command -v clang'], { stdio: 'ignore' }).status !== 0
  if (none && process.env['GREENGATE_REQUIRE_ALL'] === '1') t.fail('there is no C compiler, and everything is required here')
  t.test(`one case, ours alone, the load in ${generator}`, { skip: none ? 'there is no C compiler' : false }, async (t) => {
    const { code, stdout, stderr, folder } = bench(t, ['--cases', 'get1k', '--peers', 'none', '--rounds', '1', '--scale', '0.05', '--generator', generator])
    t.equal(code, 0, stderr)
    t.match(stdout, /^\| case \| of \| in \| Greengate \|\n\| --- \| --- \| --- \| --- \|\n\| `get1k` \| [^|]+ \| µs \| [\d.]+ \|\n/)
    t.match(stdout, /\n\d+ cpus .*policy plain; 1 worker\.\n/)
    t.same(readdirSync(folder), [], 'no file is left')
    t.same(processesOf(folder), [], 'no process is left')
  })
}

t.test('what nobody can measure is told, not left out in silence', async (t) => {
  t.match(parseOptions(['--cases', 'get1k,gte1k']), { problem: /^--cases: there is no `gte1k`; known are get1k, / })
  t.match(parseOptions(['--rounds', 'many']), { problem: '--rounds: `many` is no whole number above 0' })
  t.match(parseOptions(['--policy', 'no-such.yaml']), { problem: /^--policy: there is no file `no-such.yaml`/ })
  t.match(parseOptions(['--round', '3']), { problem: /--round/ })
  const { code, stderr, folder } = bench(t, ['--compare', 'no-such-revision'])
  t.equal(code, 1)
  t.match(stderr, /^bench: --compare: git rev-parse: /m)
  t.same(readdirSync(folder), [])
})
