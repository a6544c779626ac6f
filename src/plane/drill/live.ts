// A drill through the rules that this machine has now: a client in a namespace of its own, placed at the real green interface. A bridge gets it as a
// port; to any other interface its packets are handed as if they had come in there (tc mirred), and nothing comes back. Nothing of the rules is
// touched. Danger prevented: a drill that passes in the lab, while what is in the kernel is something else.
import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { Neighbours } from '../../kernel/neighbours.ts'
import { Scratch } from '../../kernel/scratch.ts'
import { runTool } from '../../kernel/tool.ts'
import type { Ip } from '../../net/ip.ts'
import { ipFromValue, parseIp } from '../../net/ip.ts'
import { blockOf, networkSet } from '../../net/network.ts'
import { DRILL_NETWORKS, Targets } from './attempts.ts'
import { Capture } from './capture.ts'
import { drillClients } from './client.ts'
import type { DrillClient } from './client.ts'
import { STRANGER6, tryClient } from './drill.ts'
import type { DrillWork, Drilled } from './drill.ts'
import { LabError, must, takePlace } from './place.ts'
import type { Place } from './place.ts'
import { noWayOut, stuckAt } from './reach.ts'
import type { Scored } from './score.ts'

const PORT = 'ggdrill0'
const INSIDE = 'green0'
const HIGHEST_MAC = 'fe:ff:67:67:67:67'

/** Networks that are on a link of ours: a packet there waits for a neighbour who does not exist, and so never leaves. */
function onLink(): ReturnType<typeof networkSet> {
  return networkSet(Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).flatMap(({ address, cidr }) => {
    const ip = parseIp(address)
    const prefix = Number(cidr?.split('/')[1] ?? (ip?.family === 6 ? 128 : 32))
    return ip === undefined ? [] : [blockOf(ip, prefix)]
  })))
}

class LivePlace implements Place {
  readonly client: Scratch
  readonly own: readonly Ip[]
  readonly twoWays: boolean
  readonly #gatewayMac: string

  constructor(client: Scratch, own: readonly Ip[], twoWays: boolean, gatewayMac: string) {
    this.client = client
    this.own = own
    this.twoWays = twoWays
    this.#gatewayMac = gatewayMac
  }

  become(client: DrillClient, disguises: readonly Ip[], rewrites: readonly string[]): Promise<void> {
    return takePlace(this.client, { name: INSIDE, gatewayMac: this.#gatewayMac, quiet: true }, client, disguises, rewrites)
  }
}

async function attach(green: string, mac: string, space: Scratch): Promise<boolean> {
  const bridge = existsSync(`/sys/class/net/${green}/bridge`)
  await must(runTool, 'ip', 'link', 'add', 'name', PORT, 'type', 'veth', 'peer', 'name', INSIDE, 'netns', String(space.pid))
  await must(runTool, 'ip', 'link', 'set', PORT, 'addrgenmode', 'none')
  // a bridge takes the lowest MAC of its ports for its own, and the gateway's must not change; what is handed over to another interface is judged by
  // the MAC of where it came in, and another's than that interface's would be for another host
  await must(runTool, 'ip', 'link', 'set', PORT, 'address', bridge ? HIGHEST_MAC : mac)
  if (bridge) await must(runTool, 'ip', 'link', 'set', PORT, 'master', green)
  await must(runTool, 'ip', 'link', 'set', PORT, 'up')
  if (bridge) return true
  await must(runTool, 'tc', 'qdisc', 'add', 'dev', PORT, 'ingress')
  await must(runTool, 'tc', 'filter', 'add', 'dev', PORT, 'parent', 'ffff:', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0', 'action', 'mirred', 'ingress', 'redirect', 'dev', green)
  return false
}

/** An address that a neighbour has is a real client's: whoever sat there as well would take its answers. */
async function unused(clients: readonly DrillClient[]): Promise<void> {
  const neighbours = new Neighbours()
  for (const { addresses, mac: own } of clients) {
    for (const address of addresses) {
      const mac = await neighbours.mac(address)
      // a drill a moment ago leaves its own entry
      if (mac !== undefined && mac !== own) throw new LabError(`${address.text} is in use, by ${mac}: name another with --client`)
    }
  }
}

export async function drillLive(work: Omit<DrillWork, 'rules'>): Promise<Drilled> {
  const { compiled } = work
  const { gateway } = compiled.policy
  const [green] = gateway.green
  const [red] = gateway.red
  if (green === undefined || red === undefined) throw new LabError('the policy must name `gateway.green` and `gateway.red`: what leaves is looked for at red')
  for (const name of [green.interface, red.interface]) if (!existsSync(`/sys/class/net/${name}`)) throw new LabError(`this machine has no interface ${name}`)
  // of the groups there may be real clients: only a stranger takes a place in a real network unasked
  const taken = onLink()
  const reds = gateway.red.map((each) => each.interface)
  const ends = new Targets(compiled, taken)
  const [end4, end6] = [ends.next(4), ends.next(6)]
  const shut = [await noWayOut(4, end4, reds), await noWayOut(6, end6, reds)].flatMap((why) => why ?? [])
  if (shut.length === 2) throw new LabError(`nothing can get out here, whatever the rules say: ${shut.join(', and ')}`)
  const clients = work.clients ?? drillClients(compiled, STRANGER6).slice(0, 1)
  await unused(clients)
  const space = await Scratch.open()
  if (space === undefined) throw new LabError('no network namespace can be made here: it takes root')
  let capture: Capture | undefined
  try {
    await must(space.run, 'sysctl', '-q', '-w', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.dad_transmits=0')
    const mac = readFileSync(`/sys/class/net/${green.interface}/address`, 'latin1').trim()
    const twoWays = await attach(green.interface, mac, space)
    const own = gateway.green.map(({ family, address }) => ipFromValue(family, address))
    const place = new LivePlace(space, own, twoWays, mac)
    capture = await Capture.start((command, args) => [command, args], red.interface, DRILL_NETWORKS)
    const targets = new Targets(compiled, taken)
    const scored: Scored[] = []
    const via = twoWays ? own[0] : undefined
    for (const client of clients) scored.push(...(await tryClient(work, place, capture, targets, client, via)))
    const stuck = (await stuckAt(end4)) ?? (await stuckAt(end6))
    if (stuck !== undefined) throw new LabError(`what gets out cannot be seen: ${stuck}`)
    return {
      scored,
      notes: [...shut.map((why) => `${why}: what is closed there is closed by that, and the rules were not tried`), ...(twoWays ? [] : [`${green.interface} is no bridge: nothing comes back to a client that is placed there, so the gateway's ports and its proxy were not tried`])],
    }
  } finally {
    await capture?.stop()
    await runTool('ip', ['link', 'del', PORT])
    await space.close()
  }
}
