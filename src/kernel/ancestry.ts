// The npm that started this process, if one did, and whether it is still there: npm and the shell between pass few signals on, and SIGKILL
// none. Danger prevented: `npm start` or `npx` ended by whoever runs it, and a gateway that nobody knows left on the port.
import { readFileSync } from 'node:fs'

/** npm's shell and npm; what stands further below npm was started by somebody's own script, which may end and leave it running. */
const MOST = 2
const NPM = /^npm(?:[ \0]|$)|\/np[mx](?:-cli)?\.js\0/

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // the name in parentheses may hold anything
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

function isNpm(pid: number): boolean {
  try {
    return NPM.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
  } catch {
    return false
  }
}

/** From our parent up to npm; empty where no npm stands above. */
export function npmAbove(): readonly number[] {
  const chain: number[] = []
  for (let pid: number | undefined = process.ppid; pid !== undefined && pid > 1 && chain.length < MOST; pid = parentOf(pid)) {
    chain.push(pid)
    if (isNpm(pid)) return chain
  }
  return []
}

/** Is each of them still there, and the parent of the one before? */
export function stillAbove(chain: readonly number[]): boolean {
  let below = process.pid
  for (const pid of chain) {
    if ((below === process.pid ? process.ppid : parentOf(below)) !== pid) return false
    below = pid
  }
  return true
}
