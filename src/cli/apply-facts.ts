// What an admin wants to see before rules change: who is never locked out and whether the machine sees him, the proxy's port, and what becomes of
// the very session that he sits in. Danger prevented: a MAC with a digit wrong, found out by the lock-out.
import type { CompiledPolicy } from '../decision/compile.ts'
import { decidePacket } from '../decision/packet.ts'
import { neighbourTable } from '../kernel/neighbours.ts'
import { parseIp } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { session } from '../plane/session.ts'

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
}

export interface ApplyFacts {
  readonly admins: readonly AdminFact[]
  readonly ports: readonly number[]
  readonly proxyPort: number
  readonly proxyUser: string | undefined
  /** absent: this is no SSH session */
  readonly session: SessionFact | undefined
}

function sessionFact(compiled: CompiledPolicy, macs: ReadonlyMap<string, Mac>, now: number): SessionFact | undefined {
  const here = session()
  const client = here === undefined ? undefined : parseIp(here.client)
  const to = here === undefined ? undefined : parseIp(here.server)
  if (here === undefined || client === undefined || to === undefined) return undefined
  const mac = macs.get(client.text)
  const decision = decidePacket(compiled, { from: { address: client, mac }, to, protocol: 'tcp', port: here.serverPort, now })
  const passes = decision.verdict === 'allow' || (compiled.policy.mode === 'observe' && decision.firm !== true)
  return {
    client: client.text, mac, port: here.serverPort, verdict: passes ? 'allow' : 'deny', by: decision.cause.by,
    isAdmin: mac !== undefined && compiled.policy.gateway.admin?.macs.includes(mac) === true,
  }
}

export async function applyFacts(compiled: CompiledPolicy, proxyPort: number, now: number): Promise<ApplyFacts> {
  const table = await neighbourTable()
  const { admin, proxy } = compiled.policy.gateway
  return {
    admins: (admin?.macs ?? []).map((mac) => ({ mac, addresses: [...table].filter(([, each]) => each === mac).map(([address]) => address) })),
    ports: admin?.ports ?? [],
    proxyPort,
    proxyUser: proxy.user,
    session: sessionFact(compiled, table, now),
  }
}

export function factLines({ admins, ports, proxyPort, proxyUser, session: here }: ApplyFacts): readonly (readonly [string, string])[] {
  const seen = ({ mac, addresses }: AdminFact): string => `${mac}: ${addresses.length === 0 ? 'NOT in the neighbour table now' : `seen at ${addresses.join(', ')}`}`
  return [
    ...(admins.length === 0
      ? [['admin', 'NONE: the policy names no `gateway.admin`, nobody is kept from being locked out'] as const]
      : admins.map((admin, index) => [index === 0 ? 'admin' : '', `${seen(admin)}; always reaches tcp ${ports.join(', ')}`] as const)),
    ['proxy', `port ${proxyPort}${proxyUser === undefined ? '' : `, user ${proxyUser}`}`],
    ['session', here === undefined
      ? 'on this machine (no SSH_CONNECTION)'
      : `from ${here.client} (${here.mac ?? 'no MAC known'}${here.isAdmin ? ', the admin\'s' : ', NOT the admin\'s'}); a new one to port ${here.port}: ${here.verdict === 'allow' ? 'allowed' : 'DENIED'} by ${here.by}`],
  ]
}
