// `greengate doctor`: is this machine fit to serve the policy? Each line says ok, warn or fail, and what mends it. Danger prevented: an hour with strace for a port below 1024.
import type { Command } from 'commander'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import { allChecks } from './doctor-checks.ts'
import type { Check } from './doctor-checks.ts'
import { EXIT } from './exit.ts'
import { policyOption } from './options.ts'
import { say, sayJson } from './say.ts'

interface DoctorOptions {
  readonly policy?: string
  readonly pidFile?: string
  readonly json?: true
}

async function doctor(options: DoctorOptions): Promise<void> {
  const file = policyOption(options.policy)
  if (file === undefined) return
  const loaded = await loadPolicy(file, machineNow(0), { lint: true })
  const first = loaded.diagnostics[0]
  const mend = `\`greengate check ${file}\` tells all`
  const policy: Check = !loaded.ok && first !== undefined ? { check: 'policy', level: 'fail', told: renderDiagnostic(first).split('\n')[0] ?? '', mend }
    : first !== undefined ? { check: 'policy', level: 'warn', told: `${file}: ${loaded.diagnostics.length} ${loaded.diagnostics.length === 1 ? 'warning' : 'warnings'}`, mend } : { check: 'policy', level: 'ok', told: file }
  const checks = [policy, ...(loaded.ok ? await allChecks(loaded.source.policy, options.pidFile, process.env) : [])]
  const ok = checks.every(({ level }) => level !== 'fail')
  process.exitCode = ok ? EXIT.ok : EXIT.failure
  if (options.json === true) return sayJson({ ok, checks }, 2)
  for (const { check, level, told, mend: how } of checks) say(`${level.padEnd(4)}  ${check.padEnd(11)}  ${told}\n${how === undefined ? '' : `      ${' '.repeat(13)}${how.replaceAll('\n', `\n${' '.repeat(19)}`)}\n`}`)
}

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('tell whether this machine is fit to serve the policy, and what mends it')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--pid-file <file>', 'of the gateway that serves it')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nNothing is changed, and nothing but the resolvers is asked. Exit code 1: a line says fail.\n\nExample:\n  $ greengate doctor --policy office.yaml')
    .action(doctor)
}
