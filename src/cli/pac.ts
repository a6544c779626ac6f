// `greengate pac`: the proxy auto-configuration file, as the gateway itself serves it at /proxy.pac, for a web server of one's own.
import type { Command } from 'commander'
import { pacFile } from '../proxy/pac.ts'
import { PROXY_OPTION, proxyAddress, proxyOption } from './proxy-address.ts'
import type { ProxyAddressOptions } from './proxy-address.ts'
import { say } from './say.ts'

async function pac(options: ProxyAddressOptions): Promise<void> {
  const at = await proxyAddress(options, 'clients')
  if (at !== undefined) say(pacFile(at.ip, at.port))
}

export function pacCommand(program: Command): void {
  program
    .command('pac')
    .description('print the proxy auto-configuration file')
    .option(...PROXY_OPTION, proxyOption)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--pid-file <file>', 'of the gateway whose port is meant')
    .addHelpText('after', '\nIt names the first green address of the policy. The gateway serves the same at http://ADDRESS:PORT/proxy.pac and /wpad.dat.\n\nExample:\n  $ greengate pac --policy office.yaml > /var/www/proxy.pac')
    .action(pac)
}
