// README's commands run and print what it shows.
import t from 'tap'
import { execFile } from 'node:child_process'
import { mismatch, shownCommands } from './readme.ts'
import type { Shown } from './readme.ts'
import { ROOT } from './tree.ts'

/** at once: each is a start of Node and little more */
const AT_ONCE = 3

function printed({ args, quiet }: Shown): Promise<readonly string[]> {
  return new Promise((resolve) => {
    execFile('env', ['-u', 'NODE_OPTIONS', process.execPath, 'src/main.ts', ...args], { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } }, (_error, stdout, stderr) => {
      resolve((quiet ? stdout : stderr + stdout).replace(/\n$/, '').split('\n'))
    })
  })
}

t.test('what README shows is what comes out', async (t) => {
  const shown = shownCommands()
  t.ok(shown.length >= 4, 'there are commands to run')
  const waiting = [...shown]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      const lines = await printed(each)
      t.equal(mismatch(each.output, lines), undefined, `README.md:${each.line}: greengate ${each.args.join(' ')}`)
    }
  }))
})
