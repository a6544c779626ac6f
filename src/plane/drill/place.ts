// A client's place at a gateway's green side, in a namespace of its own: who sits there has which MAC and addresses, and how it finds the gateway. Danger
// prevented: a client that answers for the gateway's own address, and so takes a real network down.
import type { Scratch } from '../../kernel/scratch.ts'
import { firstProblem } from '../../kernel/tool.ts'
import type { Runner } from '../../kernel/tool.ts'
import type { Ip } from '../../net/ip.ts'
import type { DrillClient } from './client.ts'

/** The drill cannot be held, and why. */
export class LabError extends Error {}

export interface Place {
  readonly client: Scratch
  /** the gateway's addresses */
  readonly own: readonly Ip[]
  /** whether answers come back: else the gateway's ports and its proxy cannot be tried */
  readonly twoWays: boolean
  /** The client takes another's place. `rewrites`: for its own packet filter. */
  become(client: DrillClient, disguises: readonly Ip[], rewrites: readonly string[]): Promise<void>
}

export async function must(run: Runner, command: string, ...args: readonly string[]): Promise<void> {
  const ran = await run(command, args)
  if (ran.code !== 0) throw new LabError(`${command} ${args.join(' ')}: ${firstProblem(ran)}`)
}

/** A next hop that stands for the gateway whatever the client calls itself: nobody has it, and its MAC is known. */
const HOP4 = '169.254.67.67'
const HOP6 = 'fe80::67:67'

export interface Link {
  /** in the client's namespace */
  readonly name: string
  readonly gatewayMac: string
  /** answers no question for an address while it has disguises: on a real network they are somebody's */
  readonly quiet: boolean
}

/** Its MAC and addresses, what it will call itself, the way to the gateway, and what its packet filter makes of what it sends. */
export async function takePlace(space: Scratch, { name, gatewayMac, quiet }: Link, client: DrillClient, disguises: readonly Ip[], rewrites: readonly string[]): Promise<void> {
  const { run } = space
  await must(run, 'ip', 'addr', 'flush', 'dev', name, 'scope', 'global')
  await must(run, 'ip', 'link', 'set', name, 'down')
  await must(run, 'ip', 'link', 'set', name, 'address', client.mac)
  await must(run, 'ip', 'link', 'set', name, 'arp', quiet && disguises.length > 0 ? 'off' : 'on')
  await must(run, 'ip', 'link', 'set', name, 'up')
  for (const ip of [...client.addresses, ...disguises]) await must(run, 'ip', 'addr', 'add', `${ip.text}/${ip.family === 4 ? 32 : 128}`, 'dev', name, ...(ip.family === 6 ? ['nodad'] : []))
  for (const hop of [HOP4, HOP6]) {
    await must(run, 'ip', 'neigh', 'replace', hop, 'lladdr', gatewayMac, 'dev', name, 'nud', 'permanent')
    await must(run, 'ip', ...(hop === HOP6 ? ['-6'] : []), 'route', 'replace', 'default', 'via', hop, 'dev', name, ...(hop === HOP4 ? ['onlink'] : []))
  }
  const text = `add table inet ggdrill\ndelete table inet ggdrill\ntable inet ggdrill {\n\tchain sent {\n\t\ttype filter hook output priority mangle; policy accept;\n${rewrites.map((each) => `\t\t${each}\n`).join('')}\t}\n}\n`
  const ran = await run('nft', ['-f', '-'], text)
  if (ran.code !== 0 && rewrites.length > 0) throw new LabError(`nft in the client's place: ${firstProblem(ran)}`)
}
