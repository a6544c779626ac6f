// Runs a real program with a clean environment and tells what it said. Where a program or the network is missing a test is skipped
// with that reason, or fails where everything is required (GREENGATE_REQUIRE_ALL=1): a check that never ran must not look like one that passed.
import { execFileSync, spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import type { Test } from 'tap'
import { connects } from './gateway.ts'

export interface Ran {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
  readonly timeoutMs?: number
}

/** Before a command: it runs without the hooks that the test runner hands on to every Node below it. */
export const PLAIN = ['env', '-u', 'NODE_OPTIONS'] as const

/** Ends the program itself when it takes too long; then `code` is undefined. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [env, ...plain] = PLAIN
  const child = spawn(env, [...plain, command, ...args], { cwd: options.cwd, env: { ...plainEnvironment(), ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | undefined>((resolve) => {
    child.on('error', (error) => {
      stderr.push(Buffer.from(error.message))
      resolve(undefined)
    })
    child.on('close', (code) => resolve(code ?? undefined))
  })
  clearTimeout(timer)
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Without the proxies, npm settings and warnings of whoever runs the tests. */
function plainEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(?:.*_proxy|npm_.*|NODE_USE_ENV_PROXY|TAP.*|_TAP.*)$/i.test(name)) kept[name] = value
  }
  return kept
}

/** True when the test cannot run; it is then skipped, or failed. */
export function lacks(t: Test, missing: string | undefined): boolean {
  if (missing === undefined) return false
  if (process.env['GREENGATE_REQUIRE_ALL'] === '1') t.fail(`${missing}, and everything is required here`)
  else t.pass('cannot run here', { skip: missing })
  return true
}

export function missingProgram(...names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      execFileSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' })
    } catch {
      return `${name} is not installed`
    }
  }
  return undefined
}

/** Whether a server of the outside world can be reached without any proxy. */
export async function missingNetwork(url: URL): Promise<string | undefined> {
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  try {
    const { address } = await lookup(url.hostname)
    return (await connects(address, port, 5_000)) ? undefined : `no way to ${url.host} from here`
  } catch {
    return `no address for ${url.hostname} here`
  }
}
