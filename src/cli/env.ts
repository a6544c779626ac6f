// `greengate env`: the proxy variables, for `eval "$(greengate env)"`. Danger prevented: one of the two spellings set and the other not, so that half of the programs go another way.
import type { Command } from 'commander'
import { Option } from 'commander'
import { hostPort } from '../gateway/listen-plan.ts'
import { PROXY_OPTION, proxyAddress, proxyOption } from './proxy-address.ts'
import type { ProxyAddressOptions } from './proxy-address.ts'
import { say, sayJson } from './say.ts'

type Shell = 'sh' | 'fish' | 'pwsh'

interface EnvOptions extends ProxyAddressOptions {
  readonly shell: Shell
  readonly unset?: true
  readonly json?: true
}

const DIRECT = 'localhost,127.0.0.1,::1'
const NAMES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_USE_ENV_PROXY'] as const

// the values are an address, a port and words of ours: nothing in them is anybody's to choose
const SET: Readonly<Record<Shell, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}='${value}'`,
  fish: (name, value) => `set -gx ${name} '${value}'`,
  pwsh: (name, value) => `$env:${name} = '${value}'`,
}
const UNSET: Readonly<Record<Shell, (name: string) => string>> = {
  sh: (name) => `unset ${name}`,
  fish: (name) => `set -e ${name}`,
  pwsh: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
}

async function env(options: EnvOptions): Promise<void> {
  if (options.unset === true) return say(`${NAMES.map(UNSET[options.shell]).join('\n')}\n`)
  const at = await proxyAddress(options, 'machine')
  if (at === undefined) return
  const url = `http://${hostPort(at.ip.text, at.port)}`
  const values = Object.fromEntries(NAMES.map((name) => [name, /^no_/i.test(name) ? DIRECT : name === 'NODE_USE_ENV_PROXY' ? '1' : url]))
  if (options.json === true) return sayJson(values, 2)
  say(`${Object.entries(values).map(([name, value]) => SET[options.shell](name, value)).join('\n')}\n`)
}

export function envCommand(program: Command): void {
  program
    .command('env')
    .description('print the proxy variables for a shell')
    .addOption(new Option('--shell <shell>', 'whose words').choices(['sh', 'fish', 'pwsh']).default('sh'))
    .option(...PROXY_OPTION, proxyOption)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--pid-file <file>', 'of the gateway whose port is meant')
    .option('--unset', 'print what takes them away again')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
NODE_USE_ENV_PROXY makes Node 24 and newer heed the others.

Example:
  $ eval "$(greengate env)"
  $ greengate env --shell fish | source
  $ greengate env --shell pwsh | Out-String | Invoke-Expression`)
    .action(env)
}
