// The npm above a process is found, and missed when it is gone. Stand-ins bear npm's name as npm gives it to itself.
import t from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const MODULE = new URL('../../src/kernel/ancestry.ts', import.meta.url).href
const PROGRAM = `const { npmAbove, stillAbove } = await import('${MODULE}'); const chain = npmAbove(); console.log(chain.length, stillAbove(chain)); const timer = setInterval(() => { if (!stillAbove(chain)) { console.log('gone'); clearInterval(timer) } }, 20); setTimeout(() => process.exit(), 10_000).unref()`

for (const [what, name, script, length] of [
  ['npm alone above, as behind `exec`', 'npm start', 'exec 3>&1; "$0" --input-type=module -e "$1" >&3; true', 1],
  ['its shell between', 'npm exec greengate serve', 'bash -c \'"$0" --input-type=module -e "$1"; true\' "$0" "$1"; true', 2],
  ['a script of somebody\'s below npm', 'npm run end-to-end', 'bash -c \'bash -c "\\"\\$0\\" --input-type=module -e \\"\\$1\\"; true" "$0" "$1"; true\' "$0" "$1"; true', 0],
  ['somebody else\'s script', 'start.sh', '"$0" --input-type=module -e "$1"; true', 0]
] as const) {
  t.test(what, async (t) => {
    const above = spawn('bash', ['-c', script, process.execPath, PROGRAM], { argv0: name, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    above.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await once(above.stdout, 'data')
    t.equal(text, `${length} true\n`)
    above.kill('SIGKILL')
    if (length === 0 && above.pid !== undefined) return void process.kill(-above.pid, 'SIGKILL')
    await once(above.stdout, 'end')
    t.equal(text, `${length} true\ngone\n`)
  })
}
