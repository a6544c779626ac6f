// The compiled policy for commands that tell of traffic: groups, services, judgement; without a ruleset, and without telling what a ruleset
// cannot say. Danger prevented: one command that judges by another policy than the next.
import type { CompiledPolicy } from '../decision/compile.ts'
import { loadPolicy } from '../gateway/load.ts'
import type { LoadOptions, Loaded } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { EXIT } from './exit.ts'
import { policyOption } from './options.ts'
import { withBar } from './progress.ts'
import { tellDiagnostics } from './report.ts'

export interface CompiledOptions {
  readonly policy?: string
  readonly port?: number
}

/** undefined: told on standard error, and the exit code is set. */
export async function loadedOf(options: CompiledOptions, load: LoadOptions = {}): Promise<Extract<Loaded, { readonly ok: true }> | undefined> {
  const file = policyOption(options.policy)
  if (file === undefined) return undefined
  const loaded = await withBar((step) => loadPolicy(file, machineNow(options.port ?? 0), { ...load, step }))
  if (loaded.ok) return loaded
  tellDiagnostics(loaded.diagnostics)
  process.exitCode = EXIT.policy
  return undefined
}

export async function compiledOf(options: CompiledOptions): Promise<CompiledPolicy | undefined> {
  return (await loadedOf(options))?.compiled
}
