// argv → command → exit code. The only place that ends the process by name. Dangers prevented: a stray exit of some room that takes traffic down; half a
// firewall in a file on a full disk, and a 0 that says it is whole.
import { EXIT, runProgram } from './cli/program.ts'
import { sayError } from './cli/say.ts'

/** What kept standard output from being whole. A reader that left (`greengate schema | head -1`) is no fault of ours. */
let unwritten: NodeJS.ErrnoException | undefined
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') unwritten ??= error
})
// nobody is left to tell
process.stderr.on('error', () => {})

/** A reader that is there and does not read must not hold the end. */
const FLUSH_MS = 1_000

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) return resolve()
    stream.write('', () => resolve())
    setTimeout(resolve, FLUSH_MS).unref()
  })
}

async function main(): Promise<void> {
  let code: number
  try {
    code = await runProgram(process.argv.slice(2))
  } catch (error) {
    sayError(`greengate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    code = EXIT.failure
  }
  await flushed(process.stdout)
  if (unwritten !== undefined) {
    sayError(`greengate: standard output cannot be written: ${unwritten.message}\n  what came out is not whole: make room, or choose another place, and run it again\n`)
    code = EXIT.failure
  }
  await flushed(process.stderr)
  process.exit(code)
}

void main()
