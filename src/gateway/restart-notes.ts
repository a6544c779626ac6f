// What a new policy asks for that only a restart brings. Danger prevented: an admin who believes that the new port is served.
import type { Policy } from '../policy/policy.ts'
import { plannedHosts } from './listen-plan.ts'
import type { Listen } from './messages.ts'

export interface Asked {
  readonly hosts: readonly string[]
  /** as asked; undefined: the policy's */
  readonly port: number | undefined
  readonly listens: readonly Listen[]
}

export function restartNotes(was: Policy, is: Policy, asked: Asked, portInUse: number): string[] {
  const notes: string[] = []
  if (asked.listens.some(({ kind }) => kind === 'inherited')) return notes
  if (asked.port === undefined && was.gateway.proxy.port !== is.gateway.proxy.port) {
    notes.push(`gateway.proxy.port is now ${is.gateway.proxy.port}; port ${portInUse} stays in use until a restart`)
  }
  const listening = plannedHosts(was, asked.hosts).map(({ host }) => host)
  const added = plannedHosts(is, asked.hosts).map(({ host }) => host).filter((host) => !listening.includes(host))
  if (added.length > 0) notes.push(`${added.join(', ')}: new under gateway.green; the gateway listens there after a restart`)
  return notes
}
