// `greengate firewall`: the lock-down for the packet filter, printed from the same policy that the proxy obeys. It changes nothing.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { compileRuleset } from '../firewall/compile.ts'
import type { RulesetFacts, Server } from '../firewall/facts.ts'
import type { Format } from '../firewall/head.ts'
import { renderRuleset } from '../firewall/render.ts'
import { timeText } from '../firewall/standing.ts'
import { noteText } from '../firewall/unsaid.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import type { Policy } from '../policy/policy.ts'
import { parseTime } from '../policy/schedule.ts'
import { EXIT, usageError } from './exit.ts'
import { policyOption, portOption } from './options.ts'
import { tellDiagnostics } from './report.ts'
import { sayError } from './say.ts'

interface FirewallOptions {
  readonly policy?: string
  readonly format: Format
  readonly mode: 'gateway' | 'client'
  readonly proxy?: Server
  readonly user?: string
  readonly port?: number
  readonly at?: string
  readonly generation?: number
}

const FORMATS: readonly Format[] = ['iptables', 'ip6tables', 'nft', 'script']

function proxyOption(text: string): Server {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const address = parseIp(match?.[1] ?? match?.[2] ?? '')
  const port = Number(match?.[3] ?? 0)
  // nobody answers at 0.0.0.0 or at a group: a rule for it would open nothing, or too much
  const isHost = address !== undefined && address.value !== 0n && scopeOf(address) !== 'multicast'
  if (!isHost || port < 1 || port > 65535) throw new InvalidArgumentError('write an address and a port, like 192.168.51.254:800 or [2001:db8::1]:800; rules know no names')
  return { address, port }
}

function generationOption(text: string): number {
  const value = Number(text)
  if (!/^\d{1,3}$/.test(text) || value < 1 || value > 254) throw new InvalidArgumentError('a generation is a number from 1 to 254')
  return value
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The kernel's numbers have 32 bits, and the last one means nobody. */
const LAST_UID = 0xfffffffe

/** A number as it stands; a name by the machine's table of users. */
function uidOf(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) <= LAST_UID ? Number(name) : undefined
  for (const line of readOrEmpty('/etc/passwd').split('\n')) {
    const [user, , uid] = line.split(':')
    if (user === name && uid !== undefined && /^\d+$/.test(uid)) return Number(uid)
  }
  return undefined
}

function resolversIn(file: string): readonly Server[] {
  return readOrEmpty(file).split('\n').flatMap((line) => {
    const name = /^\s*nameserver\s+([^\s%#;]+)/.exec(line)?.[1]
    const address = name === undefined ? undefined : parseIp(name)
    return address === undefined ? [] : [{ address, port: 53 }]
  })
}

/** Behind a resolver on loopback (systemd-resolved) stand those that it asks itself. */
function systemResolvers(): readonly Server[] {
  const named = resolversIn('/etc/resolv.conf')
  return named.some(({ address }) => scopeOf(address) === 'loopback') ? [...named, ...resolversIn('/run/systemd/resolve/resolv.conf')] : named
}

function resolversOf(policy: Policy): readonly Server[] {
  if (policy.gateway.resolvers.length === 0) return systemResolvers()
  return policy.gateway.resolvers.flatMap(({ address, port }) => {
    const ip = parseIp(address)
    return ip === undefined ? [] : [{ address: ip, port }]
  })
}

function ownMacs(): RulesetFacts['ownMacs'] {
  const texts = new Set(Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map((entry) => entry.mac)))
  return [...texts].filter((text) => text !== '00:00:00:00:00:00').flatMap((text) => parseMac(text) ?? [])
}

/** What the command line says that does not go together; undefined: nothing. */
function contradiction(options: FirewallOptions): readonly [string, string] | undefined {
  const { mode, proxy, user } = options
  if (mode === 'client' && proxy === undefined) return ['`--mode client` needs the proxy that the machine must go through', 'add `--proxy ADDR:PORT`']
  if (options.port === 0) return ['port 0 is whatever the system gives, and rules need the number', 'give the port in use: `--port 800`']
  if (mode === 'gateway' && proxy !== undefined) return ['`--proxy` is for a single machine', 'add `--mode client`']
  if (mode === 'gateway' && user !== undefined) return ['`--user` is for a single machine', 'add `--mode client`, or name the user in the policy: `gateway.proxy.user`']
  return undefined
}

async function firewall(options: FirewallOptions): Promise<void> {
  const wrong = contradiction(options)
  if (wrong !== undefined) return usageError(...wrong)
  const file = policyOption(options.policy)
  if (file === undefined) return
  const machine = machineNow(options.port ?? 0)
  const loaded = await loadPolicy(file, machine)
  tellDiagnostics(loaded.diagnostics)
  if (!loaded.ok) {
    process.exitCode = EXIT.policy
    return
  }
  const { policy, blocks } = loaded.source
  const { timezone, proxy } = policy.gateway
  const now = options.at === undefined ? Date.now() : parseTime(options.at, timezone)
  if (now === undefined) return usageError(`\`${options.at ?? ''}\` is no time`, 'write it like 2026-11-20 or 2026-11-20T17:30, with or without an offset')
  const clientUid = options.user === undefined ? undefined : uidOf(options.user)
  if (options.user !== undefined && clientUid === undefined) return usageError(`this machine has no user \`${options.user}\``, 'give the number: `--user 13`')
  const facts: RulesetFacts = {
    now,
    ...(options.generation === undefined ? {} : { generation: options.generation }),
    proxyPort: options.port ?? proxy.port,
    ...(proxy.user === undefined ? {} : { proxyUid: uidOf(proxy.user) ?? 'unknown' }),
    resolvers: resolversOf(policy),
    ownAddresses: machine.addresses,
    ownMacs: ownMacs(),
    blocks: new Map(blocks),
    ...(options.proxy === undefined ? {} : { client: { proxy: options.proxy, ...(clientUid === undefined ? {} : { uid: clientUid }) } }),
  }
  const compiled = compileRuleset(policy, facts)
  if (!compiled.ok) {
    sayError(noteText(compiled.problem, 'error'))
    process.exitCode = EXIT.policy
    return
  }
  for (const note of compiled.ruleset.notes) sayError(noteText(note))
  process.stdout.write(renderRuleset(policy, compiled.ruleset, options.format, { hash: loaded.hash, time: timeText(now, timezone) }))
}

export function firewallCommand(program: Command): void {
  program
    .command('firewall')
    .description('print the packet filter\'s rules for the policy; changes nothing')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .addOption(new Option('--format <format>', 'iptables-restore for IPv4 or IPv6, nft for both, or a shell script that loads both').choices(FORMATS).default('iptables'))
    .addOption(new Option('--mode <mode>', 'a gateway between green and red, or a single machine that must go through a proxy').choices(['gateway', 'client']).default('gateway'))
    .option('--proxy <addr:port>', 'with --mode client: the proxy', proxyOption)
    .option('--user <name>', 'with --mode client: who runs the proxy where it is on this machine, else who alone may use it')
    .option('--port <n>', 'the port that `serve --port` uses, instead of gateway.proxy.port', portOption)
    .option('--at <time>', 'what holds at that time; without offset in the policy\'s time zone')
    .option('--generation <n>', '1 to 254, the mark of flows that these rules accept (default: from the rules, so that changed rules judge running flows anew)', generationOption)
    .addHelpText('after', `
What packets cannot express, and what depends on the time, is told on standard error. Exit code 4: the policy has errors, or no green.

Example:
  $ greengate firewall --policy office.yaml --format script > lockdown.sh && sudo sh lockdown.sh
  $ greengate firewall --policy office.yaml --format nft | sudo nft -f -
  $ greengate firewall --policy server.yaml --mode client --proxy 192.168.51.254:800 | sudo iptables-restore --noflush`)
    .action(firewall)
}
