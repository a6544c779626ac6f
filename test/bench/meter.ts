// What a proxy costs, its children included: processor time and memory of everything it started. A cgroup counts to the nanosecond and misses
// nobody; where none can be made (no root), the kernel's own counts of the tree are read, which go by hundredths of a second.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Meter {
  /** the words that start a command so that it is counted from its first instant on */
  readonly prefix: readonly string[]
  /** milliseconds since the start; `root` is the first process */
  cpu(root: number): number
  pids(root: number): readonly number[]
  close(): void
}

const TICK_MS = 10

interface Stat {
  readonly parent: number
  /** with what its children that have ended took */
  readonly ticks: number
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

function stat(file: string): Stat | undefined {
  const line = text(file)
  if (line === undefined) return undefined
  // the name stands in brackets and may hold blanks and brackets itself (proc(5))
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [, parent = '0', , , , , , , , , , user = '0', system = '0', childUser = '0', childSystem = '0'] = fields
  return { parent: Number(parent), ticks: Number(user) + Number(system) + Number(childUser) + Number(childSystem) }
}

function tree(root: number): ReadonlyMap<number, Stat> {
  const all = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const found = stat(`/proc/${name}/stat`)
    if (found !== undefined) all.set(Number(name), found)
  }
  const within = new Map<number, Stat>()
  const inside = (pid: number): boolean => pid === root || (pid > 1 && inside(all.get(pid)?.parent ?? 0))
  for (const [pid, found] of all) if (inside(pid)) within.set(pid, found)
  return within
}

class TreeMeter implements Meter {
  readonly prefix = []

  cpu(root: number): number {
    let ticks = 0
    for (const found of tree(root).values()) ticks += found.ticks
    return ticks * TICK_MS
  }

  pids(root: number): readonly number[] {
    return [...tree(root).keys()]
  }

  close(): void {
    // nothing is held
  }
}

class GroupMeter implements Meter {
  readonly #folder: string
  readonly prefix: readonly string[]

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder)
    this.prefix = ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(folder, 'cgroup.procs')]
  }

  cpu(): number {
    const nanoseconds = text(join(this.#folder, 'cpuacct.usage'))
    if (nanoseconds !== undefined) return Number(nanoseconds) / 1e6
    return Number(/^usage_usec (\d+)/m.exec(text(join(this.#folder, 'cpu.stat')) ?? '')?.[1] ?? 0) / 1e3
  }

  pids(): readonly number[] {
    return (text(join(this.#folder, 'cgroup.procs')) ?? '').split('\n').filter((line) => line !== '').map(Number)
  }

  close(): void {
    try {
      rmdirSync(this.#folder)
    } catch {
      // a process that is still dying holds it; it is empty and harmless
    }
  }
}

/** Where this process may make groups: the cgroup that counts processor time (version 1), or its own (version 2). */
function groupParents(): readonly string[] {
  const own = (line: RegExp): string => line.exec(text('/proc/self/cgroup') ?? '')?.[1] ?? '/'
  const parents: string[] = []
  for (const mount of (text('/proc/self/mountinfo') ?? '').split('\n')) {
    const [before = '', after = ''] = mount.split(' - ')
    const at = before.split(' ')[4] ?? ''
    if (/^cgroup .*\bcpuacct\b/.test(after)) parents.unshift(join(at, own(/^\d+:(?:[^:\n]*,)?cpuacct(?:,[^:\n]*)?:(.*)$/m)))
    if (after.startsWith('cgroup2 ')) parents.push(join(at, own(/^0::(.*)$/m)))
  }
  return parents
}

/** Tried, not guessed: a folder that can be made may still take no process. */
function groupParent(): string | undefined {
  for (const parent of groupParents()) {
    const folder = join(parent, `greengate-bench-${process.pid}-try`)
    try {
      const meter = new GroupMeter(folder)
      const [command = '', ...words] = [...meter.prefix, 'true']
      const { status } = spawnSync(command, words, { stdio: 'ignore' })
      meter.close()
      if (status === 0) return parent
    } catch {
      continue
    }
  }
  return undefined
}

let parent: string | undefined
let tried = false
let count = 0

export function makeMeter(): Meter {
  if (!tried) parent = groupParent()
  tried = true
  return parent === undefined ? new TreeMeter() : new GroupMeter(join(parent, `greengate-bench-${process.pid}-${count++}`))
}

export function metersAre(): string {
  return parent === undefined ? 'the process tree in /proc, to 10 ms' : 'a cgroup each'
}

/** KiB, what is shared counted in parts (proc(5), smaps_rollup); undefined where the kernel does not tell it. */
export function memoryOf(pids: readonly number[]): number | undefined {
  let sum = 0
  for (const pid of pids) {
    const kib = /^Pss:\s+(\d+)/m.exec(text(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
    if (kib === undefined && text(`/proc/${pid}/stat`) !== undefined) return undefined
    sum += Number(kib ?? 0)
  }
  return sum
}

/** Milliseconds that each worker's thread took, by the names that ours gives them. */
export function workerTimes(pids: readonly number[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const pid of pids) {
    let threads: readonly string[]
    try {
      threads = readdirSync(`/proc/${pid}/task`)
    } catch {
      continue
    }
    for (const thread of threads) {
      const name = text(`/proc/${pid}/task/${thread}/comm`)?.trim() ?? ''
      if (!/^greengate-\d+$/.test(name)) continue
      // nanoseconds on a processor, where the kernel counts them
      const exact = Number(text(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0) / 1e6
      times.set(name, (times.get(name) ?? 0) + (exact > 0 ? exact : (stat(`/proc/${pid}/task/${thread}/stat`)?.ticks ?? 0) * TICK_MS))
    }
  }
  return times
}
