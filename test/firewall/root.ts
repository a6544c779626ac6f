// What tests of the kernel need: root, the tools, and a way to run a script in a namespace of its own. Without them a test is skipped
// with its reason, or fails where everything is required (GREENGATE_REQUIRE_ALL=1).
import { spawnSync } from 'node:child_process'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export function run(command: string, args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 })
  return { code: status ?? -1, out: stdout ?? '', err: `${stderr ?? ''}${error === undefined ? '' : String(error)}` }
}

/** A shell script in a fresh network namespace, which ends with it. */
export function inNamespace(script: string, env = ''): Ran {
  return run('unshare', ['-n', 'sh', '-c', `${env}${script}`])
}

/** Why tests of the kernel cannot run here; `false`: they can. */
export function unable(tools: readonly string[]): string | false {
  if (process.getuid?.() !== 0) return need('not root')
  for (const tool of ['unshare', ...tools]) if (run('sh', ['-c', `command -v ${tool}`]).code !== 0) return need(`${tool} is missing`)
  if (inNamespace('true').code !== 0) return need('no network namespaces here')
  return false
}

function need(reason: string): string {
  if (process.env['GREENGATE_REQUIRE_ALL'] === '1') throw new Error(`required, but ${reason}`)
  return reason
}
