// What the plane's files say, read as data and never trusted: an apply that waits, the rules that were confirmed, those that were before. Danger
// prevented: a file of another version, or half of one, whose text goes to the kernel.
import type { ProcessId } from '../kernel/processes.ts'
import { isBeside } from '../firewall/beside.ts'
import type { Beside } from '../firewall/beside.ts'
import type { OwnRules } from './own-rules.ts'
import { STORES } from './own-rules.ts'

/** What was compiled, beside its text. */
export interface RulesMeta {
  readonly policy: string
  /** absolute */
  readonly file: string
  /** of the policy's text and files */
  readonly hash: string
  readonly backend: 'nft' | 'iptables'
  readonly mode: 'gateway' | 'client'
  readonly observe: boolean
  readonly generation: number
  /** a digest of what the rules do, the generation apart */
  readonly meaning: string
  readonly port: number
  /** of a single machine: the proxy, and the number of the user that runs it or alone may use it */
  readonly client?: { readonly address: string; readonly port: number; readonly uid?: number }
  /** ISO 8601, of the load */
  readonly time: string
  /** the policy as it was read, so that it can be put in force again where its file has changed */
  readonly text: string
}

export interface Kept {
  readonly version: 1
  readonly rules: OwnRules
  /** absent: of before Greengate, or nothing */
  readonly meta?: RulesMeta
  /** queues and routes that the rules need; absent: none */
  readonly beside?: Beside
  /** of what a rollback leads to: the gateway that took the policy after it, and is to be given this one again */
  readonly proxy?: ProxyLink
}

export interface ProxyLink {
  /** the control socket */
  readonly socket: string
  readonly pid: number
  /** its generation before and after */
  readonly before: number
  readonly after: number
}

export interface Pending {
  readonly version: 1
  readonly token: string
  /** `applying`: the rules are not all there yet */
  readonly phase: 'applying' | 'waiting'
  readonly seconds: number
  /** epoch milliseconds; by the clock on the wall, for people: the watchdog counts by itself */
  readonly until: number
  readonly before: Kept
  readonly after: Kept
  /** all closed but for the admin, as the policy of `after` names him */
  readonly closed: OwnRules
  readonly proxy?: ProxyLink
  /** connections that were there when the rules came: `ENDS INODE` */
  readonly connections: readonly string[]
  readonly applier: ProcessId
  readonly watchdog?: ProcessId
  readonly boot: string
  readonly namespace: string
}

export type Ending = 'confirmed' | 'rolled-back' | 'failed'

export interface Outcome {
  readonly version: 1
  readonly token: string
  readonly ending: Ending
  readonly why: string
  /** what could not be taken back; empty: all is */
  readonly problem: string
}

type Json = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRules(value: unknown): value is OwnRules {
  return isRecord(value) && Object.entries(value).every(([key, text]) => (STORES as readonly string[]).includes(key) && typeof text === 'string')
}

export function asKept(value: unknown): Kept | undefined {
  if (!isRecord(value) || value['version'] !== 1 || !isRules(value['rules'])) return undefined
  const { meta, beside } = value
  if (beside !== undefined && !isBeside(beside)) return undefined
  if (meta !== undefined && !(isRecord(meta) && typeof meta['hash'] === 'string' && typeof meta['file'] === 'string' && typeof meta['text'] === 'string' && typeof meta['generation'] === 'number')) return undefined
  const proxy = value['proxy']
  if (proxy !== undefined && !(isRecord(proxy) && typeof proxy['socket'] === 'string')) return undefined
  return value as unknown as Kept
}

export function asPending(value: unknown): Pending | undefined {
  if (!isRecord(value) || value['version'] !== 1 || typeof value['token'] !== 'string' || (value['phase'] !== 'applying' && value['phase'] !== 'waiting')) return undefined
  if (asKept(value['before']) === undefined || asKept(value['after']) === undefined || !isRules(value['closed']) || !Array.isArray(value['connections']) || !isRecord(value['applier'])) return undefined
  return value as unknown as Pending
}

export function asOutcome(value: unknown): Outcome | undefined {
  return isRecord(value) && value['version'] === 1 && typeof value['token'] === 'string' && typeof value['ending'] === 'string' ? value as unknown as Outcome : undefined
}
