// `greengate firewall flows`: what goes out, now or live, with client, group and service, and the rule that would let it begin now. Danger prevented:
// a flow of a former policy that lives on and that nobody sees.
import type { Command } from 'commander'
import type { CompiledPolicy } from '../decision/compile.ts'
import { tellFlow } from '../decision/flow.ts'
import type { ToldFlow } from '../decision/flow.ts'
import { timeText } from '../firewall/standing.ts'
import { listFlows } from '../kernel/conntrack.ts'
import type { Flow } from '../kernel/conntrack.ts'
import { flowEvents } from '../kernel/flows.ts'
import { Neighbours } from '../kernel/neighbours.ts'
import { portText, protocolText } from '../log/firewall-line.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import { generationOfMark } from '../plane/generations.ts'
import { compiledOf } from './compiled.ts'
import { failure } from './exit.ts'
import { portOption } from './options.ts'
import { packetFilter } from './packet-filter.ts'
import type { FilterOptions, PacketFilter } from './packet-filter.ts'
import { say, sayError, sayJson } from './say.ts'
import { table } from './table.ts'
import { untilStopped } from './until-stopped.ts'

interface FlowsOptions extends FilterOptions {
  readonly follow?: true
  readonly policy?: string
  readonly port?: number
  readonly json?: true
}

function protocolOf({ protocol, icmp }: Flow): 'tcp' | 'udp' | 'icmp' | number {
  if (protocol === 6) return 'tcp'
  if (protocol === 17) return 'udp'
  return icmp === undefined ? protocol : 'icmp'
}

/** By another's DNAT or REDIRECT. */
function isRedirected({ to, port, reached, reachedPort }: Flow): boolean {
  return to.text !== reached.text || port !== reachedPort
}

interface Told {
  readonly flow: Flow
  readonly mac: Mac | undefined
  readonly told: ToldFlow
}

/** What goes out, or to the gateway: not what stays on loopback, nor what comes in through red. */
class Teller {
  readonly #compiled: CompiledPolicy
  readonly #neighbours = new Neighbours()
  readonly #holds: PacketFilter['holds']

  constructor(compiled: CompiledPolicy, holds: PacketFilter['holds']) {
    this.#compiled = compiled
    this.#holds = holds
  }

  async tell(flow: Flow): Promise<Told | undefined> {
    const { known, policy } = this.#compiled
    if (scopeOf(flow.from) === 'loopback' || scopeOf(flow.to) === 'loopback') return undefined
    const green = policy.gateway.green.length === 0 || known.green.has(flow.from)
    if (!green && !known.own.has(flow.from)) return undefined
    const mac = await this.#neighbours.mac(flow.from)
    const protocol = protocolOf(flow)
    const client = { address: flow.from, mac }
    const holds = (to: Ip, port: number | undefined): boolean => this.#holds(client, { to, protocol, port: flow.icmp?.type ?? port })
    if (!holds(flow.reached, flow.reachedPort) && !(isRedirected(flow) && holds(flow.to, flow.port))) return undefined
    // where somebody redirected it, the rules meet it on its way to where it then goes
    const told = tellFlow(this.#compiled, { source: flow.from, mac, target: flow.reached, protocol, port: flow.icmp?.type ?? flow.reachedPort, sourcePort: flow.sourcePort, now: Date.now() })
    return { flow, mac, told }
  }
}

function ruleText({ decision }: ToldFlow): string {
  const { cause, verdict } = decision
  const at = cause.place === undefined ? '' : ` (${cause.place.file}:${cause.place.line})`
  return `${cause.by}${at}${verdict === 'allow' ? '' : ': denied now'}`
}

function cells({ flow, told }: Told): readonly string[] {
  const port = flow.icmp?.type ?? flow.reachedPort
  const asked = (inner: string, outer: string): string => (isRedirected(flow) && inner !== outer ? `${outer} → ${inner}` : inner)
  const octets = (count: number | undefined): string => (count === undefined ? '-' : String(count))
  return [
    flow.from.text, told.own ? 'the gateway' : (told.group ?? '-'), protocolText(protocolOf(flow)), asked(flow.reached.text, flow.to.text),
    asked(portText({ protocol: protocolOf(flow), ...(port === undefined ? {} : { port }) }, told.names), String(flow.port ?? '-')), flow.state ?? (flow.unreplied ? 'UNREPLIED' : '-'),
    octets(flow.sent), octets(flow.received), ruleText(told),
  ]
}

const HEAD = ['client', 'group', 'proto', 'destination', 'dst port', 'state', 'sent', 'received', 'rule']

function json({ flow, mac, told }: Told): Readonly<Record<string, unknown>> {
  const { cause, verdict } = told.decision
  const protocol = protocolOf(flow)
  return {
    client: flow.from.text, clientPort: flow.sourcePort, mac, own: told.own, group: told.group, protocol: typeof protocol === 'number' ? `ip/${protocol}` : protocol, target: flow.to.text,
    port: flow.icmp?.type ?? flow.port, ...(isRedirected(flow) ? { redirected: { target: flow.reached.text, port: flow.reachedPort } } : {}), service: told.names.known, here: told.names.here, state: flow.state, unreplied: flow.unreplied, sent: flow.sent, received: flow.received,
    generation: generationOfMark(flow.mark), verdict, rule: cause.by, place: cause.place === undefined ? undefined : `${cause.place.file}:${cause.place.line}:${cause.place.column}`, reason: cause.reason,
  }
}

async function follow(teller: Teller, options: FlowsOptions, timezone: string): Promise<void> {
  const signal = untilStopped()
  sayError('note: following the kernel\'s flows\n')
  try {
    for await (const { event, time, flow } of flowEvents(signal)) {
      const told = await teller.tell(flow)
      if (told === undefined) continue
      if (options.json === true) sayJson({ time: new Date(time).toISOString(), event: `flow-${event}`, ...json(told) })
      else say(`${timeText(time, timezone).slice(0, 19).replace('T', ' ')}  ${event.padEnd(3)}  ${cells(told).join('  ')}\n`)
    }
  } catch (error) {
    failure(error instanceof Error ? error.message : String(error))
  }
}

async function flowsAction(options: FlowsOptions): Promise<void> {
  const compiled = await compiledOf(options)
  if (compiled === undefined) return
  const filter = packetFilter(compiled, options, Date.now())
  if (filter === undefined) return
  if (process.getuid?.() !== 0) return failure('the kernel tells its flows to root alone', 'run it as root: `sudo greengate firewall flows`')
  const teller = new Teller(compiled, filter.holds)
  if (options.follow === true) return follow(teller, options, compiled.policy.gateway.timezone)
  const listed = await listFlows()
  if (!listed.ok) return failure(listed.problem)
  const found: Told[] = []
  for (const flow of listed.flows) {
    const told = await teller.tell(flow)
    if (told !== undefined) found.push(told)
  }
  if (options.json === true) return sayJson({ time: new Date().toISOString(), flows: found.map(json) }, 2)
  say(table(HEAD, found.map(cells)))
}

export function firewallFlows(firewall: Command): void {
  firewall
    .command('flows')
    .description('what goes out now, or live: client, group, service, and the rule that would let it begin now')
    .option('-f, --follow', 'flows as they begin and end')
    .option('--client <who>', 'only of this address, network, MAC, or group of the policy')
    .option('--service <service>', 'only for this service: of the policy, known by name, or tcp/25')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--json', 'as one JSON object; with -f one a line')
    .addHelpText('after', `
Octets stand there where the kernel counts them: sysctl -w net.netfilter.nf_conntrack_acct=1 (for flows that begin then).
With -f the kernel tells the end of flows that began meanwhile; of older ones too with net.netfilter.nf_conntrack_events=1 before they begin.

Example:
  $ sudo greengate firewall flows --policy office.yaml --client MailAccess
  $ sudo greengate firewall flows -f --json`)
    .action(flowsAction)
}
