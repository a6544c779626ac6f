// The part of a drill that runs inside the namespaces that it makes: sends what it is told to, or listens. No command for people: it does as standard
// input says, and is hidden from the help.
import type { Command } from 'commander'
import { listenOn, probesFrom, sendAll } from '../plane/drill/send.ts'
import { untilStopped } from './until-stopped.ts'

async function action(options: { readonly listen?: string }): Promise<void> {
  if (options.listen !== undefined) {
    const signal = untilStopped()
    await listenOn(options.listen.split(',').map(Number).filter((port) => Number.isInteger(port) && port > 0 && port < 65536))
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  let text = ''
  for await (const chunk of process.stdin) text += String(chunk)
  process.stdout.write(JSON.stringify(await sendAll(probesFrom(text))))
}

export function firewallDrillSend(firewall: Command): void {
  firewall.command('drill-send', { hidden: true }).option('--listen <ports>').action(action)
}
