// A client process of the soak: starts each kind of traffic at its rate, each by chance of its own and never more at once than the process can hold,
// until it is told to stop; then waits for what is under way. `doomed`: only there to be killed with its connections open.
import { Random } from './content.ts'
import { GOOD_KINDS } from './good.ts'
import type { Kind } from './good.ts'
import { HOSTILE_KINDS } from './hostile.ts'
import { PROGRAM_KINDS } from './programs.ts'
import { DOOMED, GOOD, HOSTILE } from './stage.ts'
import type { Stage } from './stage.ts'
import { standing } from './standing.ts'
import { sleep, World } from './world.ts'

const LAST_MS = 45_000
const AT_ONCE = 40
const STANDING_EACH = 3

export interface ClientStart {
  readonly stage: Stage
  readonly role: 'clients' | 'doomed'
  readonly scale: number
  readonly programs: readonly string[]
  readonly first: number
}

const { stage, role, scale, programs, first } = JSON.parse(process.argv[2] ?? '') as ClientStart
const world = new World(stage, first)
const random = new Random(stage.seed ^ first)
const running = new Set<Promise<void>>()

function keep(work: Promise<void>): Promise<void> {
  running.add(work)
  return work.finally(() => running.delete(work))
}

/** Exponential pauses: bursts and lulls, as clients make them. */
async function repeat(name: string, perSecond: number, run: Kind, from: readonly string[]): Promise<void> {
  let open = 0
  while (!world.stopping) {
    await sleep(Math.min(120_000, (-Math.log(1 - random.next()) * 1_000) / (perSecond * scale)))
    if (world.stopping || open >= AT_ONCE) continue
    open++
    void keep(world.attempt(name, (mark) => run({ world, random, from: random.pick(from) }, mark))).finally(() => open--)
  }
}

function begin(): void {
  if (role === 'doomed') {
    for (const name of ['kept alive', 'large', 'slow reader', 'large upload', 'raw tunnel', 'secure tunnel', 'WebSocket']) {
      const kind = GOOD_KINDS[name]
      if (kind !== undefined) void repeat(name, 1, kind[1], [DOOMED])
    }
    return
  }
  for (const [name, [rate, run]] of Object.entries(GOOD_KINDS)) if (stage.port80 || name !== 'inside CONNECT 80') void repeat(name, rate, run, GOOD)
  for (const [name, [rate, run]] of Object.entries(HOSTILE_KINDS)) void repeat(name, rate, run, HOSTILE)
  for (const [name, [rate, run, program]] of Object.entries(PROGRAM_KINDS)) if (program === undefined || programs.includes(program)) void repeat(name, rate, run, GOOD)
  for (const host of ['keep', 'live'] as const) {
    for (const what of ['events', 'tunnel', 'websocket'] as const) {
      for (let n = 0; n < STANDING_EACH; n++) void keep(standing({ world, random, from: random.pick(GOOD) }, host, what))
    }
  }
}

world.ready()
while (world.editions.length === 0) await world.change()
begin()
while (!world.stopping) await world.change()
await Promise.race([Promise.all(running), sleep(LAST_MS)])
if (running.size > 0) world.finding(`${running.size} exchanges did not come to an end within ${LAST_MS} ms`)
world.over()
await sleep(500)
process.exit(0)
