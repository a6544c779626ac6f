// What a gateway is made with, and what it holds of a policy. Danger prevented: a part of the process that the gateway reaches behind the back of whoever runs it.
import type { LoadedApart } from './load-apart.ts'
import type { Logs } from './logs.ts'
import type { Listen, Live } from './messages.ts'

export interface GatewayOptions {
  readonly file: string
  readonly hosts: readonly string[]
  /** as asked; undefined: the policy's */
  readonly port: number | undefined
  readonly workers: number
  /** the release */
  readonly version: string
  readonly listens: readonly Listen[]
  readonly logs: Logs
  /** tells a person, whatever the log does */
  readonly complain: (message: string) => void
  /** the gateway cannot go on */
  readonly fatal: (message: string) => void
}

export type Good = Extract<LoadedApart, { ok: true }>

/** What a trial replaced, and by what. */
export interface Former {
  readonly loaded: Good
  readonly live: Live
  readonly by: string
}
