// argv → command → exit code. The only place that ends the process by name, so that no room can take traffic down by a stray exit.
import { EXIT, runProgram } from './cli/program.ts'
import { sayError } from './cli/say.ts'

/** A reader that left (`greengate schema | head -1`) is no fault of ours; anything else on these streams has nobody left to tell. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

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
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(code)
}

void main()
