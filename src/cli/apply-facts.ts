// What an admin wants to see before rules change: who is never locked out and whether the machine sees him, the proxy's port, and what becomes of
// the very session that he sits in. Danger prevented: a MAC with a digit wrong, found out by the lock-out.
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { CompiledPolicy } from '../decision/compile.ts'
import { decidePacket } from '../decision/packet.ts'
import { neighbourTable } from '../kernel/neighbours.ts'
import { runTool } from '../kernel/tool.ts'
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import { session } from '../plane/session.ts'
import type { Gateway } from '../policy/policy.ts'

export interface AdminFact {
  readonly mac: string
  /** where the kernel has seen it; empty: it has not */
  readonly addresses: readonly string[]
}

export interface SessionFact {
  readonly client: string
  readonly mac: string | undefined
  readonly port: number
  readonly isAdmin: boolean
  /** of a new connection like this one, under the new rules */
  readonly verdict: 'allow' | 'deny'
  readonly by: string
  /** where it comes in, when that is not green: then all of it is closed */
  readonly elsewhere?: string
}

export interface ApplyFacts {
  readonly admins: readonly AdminFact[]
  readonly ports: readonly number[]
  readonly proxyPort: number
  readonly proxyUser: string | undefined
  /** absent: this is no SSH session */
  readonly session: SessionFact | undefined
  /** what the policy says of this machine and is not so */
  readonly amiss: readonly string[]
}

/** The interface by which this machine answers him; undefined: not known, as of a link-local address. */
async function entryOf(client: Ip): Promise<string | undefined> {
  if (scopeOf(client) === 'link-local') return undefined
  const { code, out } = await runTool('ip', ['-j', 'route', 'get', client.text])
  try {
    const parsed: unknown = code === 0 ? JSON.parse(out) : []
    const route: unknown = Array.isArray(parsed) ? parsed[0] : undefined
    return typeof route === 'object' && route !== null && 'dev' in route && typeof route.dev === 'string' ? route.dev : undefined
  } catch {
    return undefined
  }
}

/** An interface may come later, that of a modem for one; one that is misspelt never does, and then the admin's way in is shut with the rest. */
function amissOf({ green, red }: Gateway): readonly string[] {
  const there = (name: string): boolean => existsSync(`/sys/class/net/${name}`)
  const own = networkInterfaces()
  return [
    ...green.flatMap(({ interface: name, family, address }): readonly string[] => {
      if (!there(name)) return [`this machine has no interface ${name} (\`gateway.green\`): who comes in by another one is shut out, the admin too`]
      const { text } = ipFromValue(family, address)
      return own[name]?.some((each) => parseIp(each.address)?.text === text) === true ? [] : [`${name} has not the address ${text} (\`gateway.green\`)`]
    }),
    ...red.filter(({ interface: name }) => !there(name)).map(({ interface: name }) => `this machine has no interface ${name} (\`gateway.red\`)`),
  ]
}

async function sessionFact(compiled: CompiledPolicy, macs: ReadonlyMap<string, Mac>, now: number): Promise<SessionFact | undefined> {
  const here = session()
  const client = here === undefined ? undefined : parseIp(here.client)
  const to = here === undefined ? undefined : parseIp(here.server)
  if (here === undefined || client === undefined || to === undefined) return undefined
  const mac = macs.get(client.text)
  const decision = decidePacket(compiled, { from: { address: client, mac }, to, protocol: 'tcp', port: here.serverPort, now })
  const green = compiled.policy.gateway.green.map((each) => each.interface)
  const entry = green.length === 0 ? undefined : await entryOf(client)
  const elsewhere = entry === undefined || entry === 'lo' || green.includes(entry) ? {} : { elsewhere: entry }
  const passes = !('elsewhere' in elsewhere) && (decision.verdict === 'allow' || (compiled.policy.mode === 'observe' && decision.firm !== true))
  return {
    client: client.text, mac, port: here.serverPort, verdict: passes ? 'allow' : 'deny', by: 'elsewhere' in elsewhere ? 'default' : decision.cause.by, ...elsewhere,
    isAdmin: mac !== undefined && compiled.policy.gateway.admin?.macs.includes(mac) === true,
  }
}

export async function applyFacts(compiled: CompiledPolicy, mode: 'gateway' | 'client', proxyPort: number, now: number): Promise<ApplyFacts> {
  const table = await neighbourTable()
  const { admin, proxy } = compiled.policy.gateway
  return {
    admins: (admin?.macs ?? []).map((mac) => ({ mac, addresses: [...table].filter(([, each]) => each === mac).map(([address]) => address) })),
    ports: admin?.ports ?? [],
    proxyPort,
    proxyUser: proxy.user,
    session: await sessionFact(compiled, table, now),
    amiss: mode === 'client' ? [] : amissOf(compiled.policy.gateway),
  }
}

export function factLines({ admins, ports, proxyPort, proxyUser, session: here, amiss }: ApplyFacts): readonly (readonly [string, string])[] {
  const seen = ({ mac, addresses }: AdminFact): string => `${mac}: ${addresses.length === 0 ? 'NOT in the neighbour table now' : `seen at ${addresses.join(', ')}`}`
  return [
    ...(admins.length === 0
      ? [['admin', 'NONE: the policy names no `gateway.admin`, nobody is kept from being locked out'] as const]
      : admins.map((admin, index) => [index === 0 ? 'admin' : '', `${seen(admin)}; always reaches tcp ${ports.join(', ')}`] as const)),
    ['proxy', `port ${proxyPort}${proxyUser === undefined ? '' : `, user ${proxyUser}`}`],
    ['session', here === undefined
      ? 'on this machine (no SSH_CONNECTION)'
      : `from ${here.client} (${here.mac ?? 'no MAC known'}${here.isAdmin ? ', the admin\'s' : ', NOT the admin\'s'}); a new one to port ${here.port}: ${here.verdict === 'allow' ? 'allowed' : 'DENIED'} by ${here.by}${here.elsewhere === undefined ? '' : `: it comes in through ${here.elsewhere}, which is not green`}`],
    ...amiss.map((each, index) => [index === 0 ? 'AMISS' : '', each] as const),
  ]
}
