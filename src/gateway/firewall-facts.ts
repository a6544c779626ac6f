// What a ruleset depends on beside its policy, asked of this machine: users' numbers, resolvers, link addresses.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { Machine } from '../decision/machine.ts'
import type { RulesetFacts, Server } from '../firewall/facts.ts'
import { parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import type { Policy } from '../policy/policy.ts'
import type { PolicySource } from './load.ts'

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
export function uidOf(name: string): number | undefined {
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

export interface FactsOptions {
  /** epoch milliseconds */
  readonly now: number
  /** 1 to 254; absent: from what the rules mean */
  readonly generation?: number
  /** the port in use; absent: the policy's */
  readonly port?: number
  readonly client?: NonNullable<RulesetFacts['client']>
}

export function firewallFacts({ policy, blocks }: PolicySource, machine: Machine, options: FactsOptions): RulesetFacts {
  const { proxy } = policy.gateway
  return {
    now: options.now,
    ...(options.generation === undefined ? {} : { generation: options.generation }),
    proxyPort: options.port ?? proxy.port,
    ...(proxy.user === undefined ? {} : { proxyUid: uidOf(proxy.user) ?? 'unknown' }),
    resolvers: resolversOf(policy),
    ownAddresses: machine.addresses,
    ownMacs: ownMacs(),
    blocks: new Map(blocks),
    ...(options.client === undefined ? {} : { client: options.client }),
  }
}
