// `greengate firewall units`: the units of systemd for this installation, printed or written into a folder. It installs and starts nothing.
import { existsSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { whyUnwritten, writeMend } from '../gateway/file-fault.ts'
import { TRANSPARENT, units } from '../gateway/system/units.ts'
import type { Unit } from '../gateway/system/units.ts'
import { transparentPort } from '../policy/transparent.ts'
import { loadedOf } from './compiled.ts'
import { failure, usageError } from './exit.ts'
import { policyOption } from './options.ts'
import { self } from './plane-options.ts'
import { say, sayJson } from './say.ts'

interface UnitsOptions {
  readonly policy?: string
  readonly user: string
  readonly write?: string
  readonly json?: true
}

function written(folder: string, made: readonly Unit[]): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return usageError(`${folder} is no folder`, 'name one that is there: `--write /etc/systemd/system`')
  const taken = made.find(({ name }) => existsSync(join(folder, name)))
  if (taken !== undefined) return failure(`${join(folder, taken.name)} is there already`, 'nothing was written; remove it, or compare it with what is printed')
  const whole: string[] = []
  for (const { name, text } of made) {
    const file = join(folder, name)
    try {
      writeFileSync(file, text, { flag: 'wx', mode: 0o644 })
      whole.push(file)
    } catch (error) {
      // half of it is ours too; what somebody else made meanwhile is not
      const own = error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? [...whole, file] : whole
      for (const each of own) rmSync(each, { force: true })
      return failure(`${file} cannot be written: ${whyUnwritten(error)}`, `nothing is left of it; ${writeMend(error, '--write FOLDER')}`)
    }
  }
  const socket = made.some(({ name }) => name === TRANSPARENT) ? `${TRANSPARENT} ` : ''
  say(`${made.map(({ name }) => join(folder, name)).join('\n')}\nnext: systemctl daemon-reload; systemctl enable greengate-firewall greengate-keep greengate-watch ${socket}greengate\n`)
}

async function unitsAction(options: UnitsOptions): Promise<void> {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(options.user)) return usageError(`\`${options.user}\` is no name of a user`)
  const file = options.policy === undefined ? undefined : policyOption(options.policy)
  const loaded = file === undefined ? undefined : await loadedOf({ policy: file })
  if (options.policy !== undefined && loaded === undefined) return
  const proxy = loaded?.source.policy.gateway.proxy
  const { command, args } = self()
  const program = [command, ...args.map((each, index) => (index === args.length - 1 ? realpathSync(each) : each))]
  const made = units({ program, user: options.user, ...(file === undefined ? {} : { policy: resolve(file) }), ...(proxy?.transparent === true ? { transparent: transparentPort(proxy.port) } : {}) })
  if (options.write !== undefined) return written(options.write, made)
  if (options.json === true) return sayJson(made, 2)
  for (const { name, text } of made) say(`# ---- ${name}\n${text}\n`)
}

export function unitsCommand(firewall: Command): void {
  firewall.command('units')
    .description('print the units of systemd for this installation: the rules at the start, their keeper, their watch, the helper, the gateway, and the socket of a transparent proxy')
    .option('--policy <file|dir>', 'the policy that the gateway serves')
    .option('--user <name>', 'who runs the gateway; it needs no capability but to listen below port 1024', 'greengate')
    .option('--write <dir>', 'write them there, over nothing that is there, instead of printing them')
    .option('--json', 'as one JSON array')
    .addHelpText('after', `
Example:
  $ greengate firewall units --policy /etc/greengate/office.yaml --write /etc/systemd/system`)
    .action(unitsAction)
}
