// Runs one of the machine's tools: by an array of arguments, rules on standard input, in a bare environment. Dangers prevented: a shell that
// reads a name as a command; `iptables-restore -w FILE`, which loads nothing and says 0; listings whose times depend on somebody's TZ.
import { spawn } from 'node:child_process'
import { toolEnvironment } from './tool-environment.ts'

export interface Ran {
  /** -1: it could not be started, or was ended because it took too long */
  readonly code: number
  readonly out: string
  readonly err: string
  /** there is no such program here */
  readonly missing: boolean
}

export type Runner = (command: string, args: readonly string[], input?: string) => Promise<Ran>

const LONGEST_MS = 60_000
/** A set of a million addresses is some thirty megabytes of text. */
const MOST_OUTPUT = 256 << 20

export const runTool: Runner = (command, args, input = '') => new Promise((resolve) => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: toolEnvironment(), cwd: '/' })
  const out: Buffer[] = []
  const err: Buffer[] = []
  let size = 0
  let problem = ''
  let missing = false
  const timer = setTimeout(() => {
    problem = `${command} took more than ${LONGEST_MS / 1000} s`
    child.kill('SIGKILL')
  }, LONGEST_MS)
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MOST_OUTPUT) out.push(chunk)
    else child.kill('SIGKILL')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (err.length < 1_000) err.push(chunk)
  })
  // who reads its rules no further has said why on standard error
  child.stdin.on('error', () => {})
  child.on('error', (error: NodeJS.ErrnoException) => {
    missing = error.code === 'ENOENT'
    problem = missing ? `${command} is not installed` : error.message
    clearTimeout(timer)
    resolve({ code: -1, out: '', err: problem, missing })
  })
  child.on('close', (code) => {
    clearTimeout(timer)
    const told = Buffer.concat(err).toString()
    resolve({ code: code ?? -1, out: Buffer.concat(out).toString(), err: problem === '' ? told : `${told}${problem}\n`, missing })
  })
  child.stdin.end(input)
})

/** The first line that says what went wrong, without the tool's hints. */
export function firstProblem({ err, code }: Ran): string {
  const lines = err.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('# Warning'))
  return lines.find((line) => /error|fail|invalid|no such|denied|not permitted|unknown|bad|line \d+/i.test(line)) ?? lines[0] ?? `it ended with ${code}`
}
