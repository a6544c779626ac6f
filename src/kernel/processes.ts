// Which process is meant, for as long as it lives: a number is given again, a number with its start is not. And what our ancestors know of the
// session that we are part of. Danger prevented: waiting for, or believing in, a stranger that has inherited a dead process's number.
import { readFileSync, readlinkSync } from 'node:fs'

export interface ProcessId {
  readonly pid: number
  /** in clock ticks since the machine's start */
  readonly start: string
}

/** The fields of /proc/PID/stat behind the name, which may hold anything. */
function stat(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

export function processId(pid: number): ProcessId | undefined {
  const start = stat(pid)?.[19]
  return start === undefined ? undefined : { pid, start }
}

/** A zombie is dead: nobody has looked yet. */
export function isAlive({ pid, start }: ProcessId): boolean {
  const fields = stat(pid)
  return fields !== undefined && fields[19] === start && fields[0] !== 'Z' && fields[0] !== 'X'
}

/** Parents up to, but not including, the first process. */
export function ancestors(pid: number = process.pid): readonly number[] {
  const found: number[] = []
  for (let next = Number(stat(pid)?.[1]); next > 1 && found.length < 64; next = Number(stat(next)?.[1])) found.push(next)
  return found
}

/** One variable of another process's environment, as it was started. */
export function environmentOf(pid: number, name: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, 'latin1')
    return text.split('\0').find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
  } catch {
    return undefined
  }
}

/** Another one after each start of the machine. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return 'unknown'
  }
}

/** `net:[4026531840]`: the network namespace that we, and the rules, are in. */
export function networkNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/net')
  } catch {
    return 'unknown'
  }
}
