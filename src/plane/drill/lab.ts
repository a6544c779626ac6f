// A closed lab: three namespaces that exist for a drill alone, a Green client, the gateway with the compiled rules, and a red side that is nobody's
// internet. No packet leaves them, the machine's own rules are not touched, and they are gone when this process is. Danger prevented: a drill that
// can only be run on the gateway in service, and so never is.
import { Scratch } from '../../kernel/scratch.ts'
import type { Ip } from '../../net/ip.ts'
import { ipFromValue } from '../../net/ip.ts'
import { networkSet } from '../../net/network.ts'
import type { Gateway } from '../../policy/policy.ts'
import { loadOwn } from '../own-kernel.ts'
import type { OwnRules } from '../own-rules.ts'
import { drillIp } from './attempts.ts'
import type { DrillClient } from './client.ts'
import { LabError, must, takePlace } from './place.ts'
import type { Place } from './place.ts'

/** The link to red: none of the networks that a policy calls internet, and none of its green ones. */
const LINKS: readonly string[] = ['198.18.9', '100.64.99', '192.0.0']
export const LAB_RED = 'ggred0'
const CLIENT_MAC = '02:67:67:00:00:01'
const GATEWAY_MAC = '02:67:67:00:00:fe'
const RED_MAC = '02:67:67:00:00:fd'
const RED6 = 'fd67:6767:6767::'
export interface LabGateway {
  readonly space: Scratch
  readonly redInterface: string
  /** the gateway's addresses in it */
  readonly own: readonly Ip[]
}

/** What the lab's gateway has: known before there is a lab, since who judges must know which addresses are the gateway's. */
export function labPlan(policy: Gateway): { readonly link: string; readonly redInterface: string; readonly own: readonly Ip[] } {
  const greens = networkSet(policy.green.map(({ network }) => network))
  const link = LINKS.find((prefix) => !greens.has(drillIp(`${prefix}.1`))) ?? '198.18.9'
  return {
    link, redInterface: policy.red[0]?.interface ?? LAB_RED,
    own: [...policy.green.map(({ family, address }) => ipFromValue(family, address)), drillIp(`${link}.1`), drillIp(`${RED6}1`)],
  }
}

export class Lab implements Place {
  readonly twoWays = true
  readonly gateway: LabGateway
  readonly client: Scratch
  readonly #red: Scratch
  readonly #greens: readonly string[]
  readonly #gatewayPolicy: Gateway

  private constructor(client: Scratch, gateway: LabGateway, red: Scratch, greens: readonly string[], policy: Gateway) {
    this.client = client
    this.gateway = gateway
    this.#red = red
    this.#greens = greens
    this.#gatewayPolicy = policy
  }

  static async open(policy: Gateway, rules: OwnRules): Promise<Lab> {
    const { link, redInterface, own } = labPlan(policy)
    const [client, space, red] = await Promise.all([Scratch.open(), Scratch.open(), Scratch.open()])
    if (client === undefined || space === undefined || red === undefined) {
      await Promise.all([client, space, red].map((each) => each?.close()))
      throw new LabError('no network namespaces can be made here: it takes root')
    }
    const greens = [...new Set(policy.green.map((green) => green.interface))]
    const lab = new Lab(client, { space, redInterface, own }, red, greens, policy)
    try {
      await lab.#build(link)
      await loadOwn(space.run, rules, false)
    } catch (error) {
      await lab.close()
      throw new LabError(error instanceof Error ? error.message : String(error))
    }
    return lab
  }

  #must(space: Scratch, command: string, ...args: readonly string[]): Promise<void> {
    return must(space.run, command, ...args)
  }

  get own(): readonly Ip[] {
    return this.gateway.own
  }

  async #build(link: string): Promise<void> {
    const { space, redInterface } = this.gateway
    const quiet = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.dad_transmits=0', 'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.conf.all.rp_filter=0']
    // the rules are what is tried: nothing else may stop a packet
    for (const each of [space, this.client, this.#red]) {
      await this.#must(each, 'sysctl', '-q', '-w', ...quiet)
      await this.#must(each, 'ip', 'link', 'set', 'lo', 'up')
    }
    await this.#must(space, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    for (const [index, green] of this.#greens.entries()) {
      await this.#cable(space, green, GATEWAY_MAC, this.client, `green${index}`, CLIENT_MAC)
      for (const { family, address, prefix } of this.#gatewayPolicy.green.filter((each) => each.interface === green)) {
        await this.#must(space, 'ip', 'addr', 'add', `${ipFromValue(family, address).text}/${prefix}`, 'dev', green, ...(family === 6 ? ['nodad'] : []))
      }
    }
    await this.#cable(space, redInterface, GATEWAY_MAC, this.#red, 'eth0', RED_MAC)
    for (const [index, { interface: name }] of this.#gatewayPolicy.red.slice(1).entries()) await this.#cable(space, name, GATEWAY_MAC, this.#red, `eth${index + 1}`, RED_MAC)
    await this.#must(space, 'ip', 'addr', 'add', `${link}.1/24`, 'dev', redInterface)
    await this.#must(space, 'ip', 'addr', 'add', `${RED6}1/64`, 'dev', redInterface, 'nodad')
    for (const hop of [`${link}.2`, `${RED6}2`]) {
      await this.#must(space, 'ip', 'neigh', 'replace', hop, 'lladdr', RED_MAC, 'dev', redInterface, 'nud', 'permanent')
      await this.#must(space, 'ip', ...(hop.includes(':') ? ['-6'] : []), 'route', 'add', 'default', 'via', hop)
    }
  }

  async #cable(a: Scratch, aName: string, aMac: string, b: Scratch, bName: string, bMac: string): Promise<void> {
    await this.#must(a, 'ip', 'link', 'add', 'name', aName, 'address', aMac, 'type', 'veth', 'peer', 'name', bName, 'address', bMac, 'netns', String(b.pid))
    await this.#must(a, 'ip', 'link', 'set', aName, 'up')
    await this.#must(b, 'ip', 'link', 'set', bName, 'up')
  }

  /** Which of the client's interfaces leads to the green that has its address. */
  #linkOf(client: DrillClient): { readonly name: string; readonly green: string } {
    const green = this.#gatewayPolicy.green.find(({ network }) => client.addresses.some((address) => networkSet([network]).has(address)))?.interface ?? this.#greens[0] ?? ''
    return { name: `green${Math.max(0, this.#greens.indexOf(green))}`, green }
  }

  async become(client: DrillClient, disguises: readonly Ip[], rewrites: readonly string[]): Promise<void> {
    const { name, green } = this.#linkOf(client)
    for (const [index] of this.#greens.entries()) await this.#must(this.client, 'ip', 'addr', 'flush', 'dev', `green${index}`, 'scope', 'global')
    await takePlace(this.client, { name, gatewayMac: GATEWAY_MAC, quiet: false }, client, disguises, rewrites)
    // the gateway need not look for whom it answers
    for (const ip of client.addresses) await this.gateway.space.run('ip', ['neigh', 'replace', ip.text, 'lladdr', client.mac, 'dev', green, 'nud', 'permanent'])
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.gateway.space.close(), this.#red.close()])
  }
}
