// `greengate top`: the live view of a terminal: clients, sites, rules, denials and open tunnels with their rates. Danger prevented: a terminal that is left
// without a cursor, in raw mode and on its other screen, however the program ends.
import { Option } from 'commander'
import type { Command } from 'commander'
import { askStatus, askTunnels } from '../gateway/control.ts'
import { lastRecord, linesAfter } from '../gateway/store-records.ts'
import { followLines } from '../kernel/follow-lines.ts'
import { factOf } from '../report/fact.ts'
import { Rates } from '../report/rates.ts'
import { topFrame } from '../report/top-frame.ts'
import { PID_FILE, runningGateway } from './ask-gateway.ts'
import { failure, usageError } from './exit.ts'
import { logPlace } from './log-place.ts'
import type { Place, PlaceOptions } from './log-place.ts'
import { durationOption } from './options.ts'
import { say, sayJson } from './say.ts'

interface TopOptions extends PlaceOptions {
  readonly file?: string
  readonly window: number
  readonly json?: true
}

const EVERY_MS = 1_000
const WINDOW_MS = 10_000
const BEGIN = '\u001b[?1049h\u001b[?25l'
const END = '\u001b[?25h\u001b[?1049l'

/** Gives what is new to the rates; a call is cheap where nothing is. */
function newest(place: Place, rates: Rates, signal: AbortSignal): () => void {
  const take = (line: string): void => {
    const fact = factOf(line)
    if (fact?.kind === 'request') rates.add(fact, Date.now())
  }
  if (place.kind === 'store') {
    const { db } = place
    let last = lastRecord(db)
    return () => {
      for (const { id, line } of linesAfter(db, last, 20_000)) {
        last = id
        take(line)
      }
    }
  }
  let old = true
  const follow = async (): Promise<void> => {
    for await (const line of followLines(place.path, { signal, encoding: 'utf8', onIdle: () => (old = false) })) if (!old) take(line)
  }
  void follow()
  return () => {}
}

/** Resolves when somebody wants it to end: a key, a signal, or a terminal that is gone. */
function untilQuit(signal: AbortController): void {
  const end = (): void => signal.abort()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end)
  process.stdout.on('error', end)
  const { stdin } = process
  if (stdin.isTTY !== true) return
  stdin.setRawMode(true)
  stdin.resume()
  stdin.on('data', (keys: Buffer) => {
    if (/[qQ\u0003\u0004]/.test(keys.toString('latin1'))) end()
  })
  stdin.on('end', end)
}

async function top(options: TopOptions): Promise<void> {
  if (options.file === '-') return usageError('what comes through a pipe cannot be followed here', 'name the event log that the gateway writes')
  const place = await logPlace(options, options.file, '--file')
  if (place === undefined) return
  const socket = await runningGateway(options.pidFile)
  const status = socket === undefined ? undefined : await askStatus(socket).catch(() => undefined)
  const stop = new AbortController()
  const rates = new Rates(options.window, Date.now())
  const read = newest(place, rates, stop.signal)
  const shown = process.stdout.isTTY === true && options.json !== true
  const look = async (): Promise<void> => {
    read()
    if (socket !== undefined) rates.open(await askTunnels(socket).catch(() => []), Date.now())
  }
  const name = status?.policy ?? place.path
  const draw = (): void => {
    const { columns = 80, rows = 24 } = process.stdout
    const frame = topFrame(rates.picture(Date.now()), name, { columns, rows, colour: process.env['NO_COLOR'] === undefined })
    process.stdout.write(`\u001b[H${frame.join('\u001b[K\r\n')}\u001b[K\u001b[J`)
  }
  untilQuit(stop)
  if (shown) process.stdout.write(BEGIN)
  const restore = (): void => {
    if (shown) process.stdout.write(END)
    if (process.stdin.isTTY === true) process.stdin.setRawMode(false)
    process.stdin.pause()
  }
  try {
    await look()
    if (shown) {
      process.stdout.on('resize', draw)
      draw()
    }
    while (!stop.signal.aborted) {
      await pause(shown ? EVERY_MS : options.window, stop.signal)
      if (stop.signal.aborted && shown) break
      await look()
      if (shown) draw()
      else break
    }
  } catch (error) {
    failure(error instanceof Error ? error.message : String(error))
  } finally {
    stop.abort()
    restore()
    if (place.kind === 'store') place.db.close()
  }
  const picture = rates.picture(Date.now())
  if (options.json === true) sayJson(picture, 2)
  else if (!shown) say(`${topFrame(picture, name, { columns: 120, rows: 60, colour: false }).slice(0, -1).map((line) => line.trimEnd()).filter((line) => line !== '').join('\n')}\n`)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}

export function topCommand(program: Command): void {
  program
    .command('top')
    .description('watch what happens now: clients, sites, rules, denials and open tunnels, with their rates')
    .addOption(new Option('--window <time>', 'over how long a rate is taken').argParser(durationOption).default(WINDOW_MS, '10s'))
    .option('--store <file>', "the store of `serve --store` (default: the running gateway's store, else its event log)")
    .option('--file <file>', 'an event log')
    .option('--pid-file <file>', PID_FILE)
    .option('--json', 'one window as one JSON object, then end')
    .addHelpText('after', `
On a terminal it is drawn anew each second and when the window changes; q or Ctrl-C quits. In a pipe: one window as text, then it ends. Open tunnels are
asked of the running gateway, whose owner alone, and root, may ask it.

Example:
  $ greengate top
  $ greengate top --window 60s | head`)
    .action(top)
}
