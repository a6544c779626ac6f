// `greengate firewall watchdog`: started by `apply`, never by hand. It waits in a session of its own and takes back what nobody confirms.
import type { Command } from 'commander'
import { takeProxyBack } from '../gateway/plane-proxy.ts'
import { placesIn } from '../plane/places.ts'
import { watch } from '../plane/watchdog.ts'

async function watchdog(options: { readonly state: string; readonly run?: string; readonly token: string }): Promise<void> {
  let stopped = false
  // the terminal may go; who ends us by name gets the old rules now rather than nobody who brings them
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => {
    stopped = true
  })
  await watch(placesIn(options.state === placesIn(undefined).state ? undefined : options.state), options.token, takeProxyBack, () => stopped)
}

export function watchdogCommand(firewall: Command): void {
  firewall.command('watchdog', { hidden: true })
    .description('started by `apply`: takes back what nobody confirms')
    .requiredOption('--state <dir>', 'of the apply')
    .requiredOption('--token <token>', 'of the apply')
    .addHelpText('after', '\nExample:\n  $ greengate firewall apply --policy office.yaml --confirm 60')
    .action(watchdog)
}
