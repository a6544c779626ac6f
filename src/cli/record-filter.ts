// Which requests of a log are meant: by client, group, host, rule, verdict and time. Danger prevented: a misspelled filter that shows nothing, read as
// "nothing happened".
import { parseHostName } from '../net/hostname.ts'
import { parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import { networkSet, parseNetwork } from '../net/network.ts'
import { hostMatcher, parseHostPattern } from '../net/pattern.ts'
import { usageError } from './exit.ts'
import { timeRange } from './time-range.ts'
import type { TimeOptions, TimeRange } from './time-range.ts'

export interface RecordFilterOptions extends TimeOptions {
  readonly client?: string
  readonly group?: string
  readonly host?: string
  readonly rule?: string
  readonly denied?: true
}

export type Line = Readonly<Record<string, unknown>>

export interface RecordFilter extends TimeRange {
  /** the one client that is meant, as a log names it */
  readonly client?: string
  readonly refused: boolean
  /** nothing but a time was asked for: what happened to the gateway itself belongs to it */
  readonly all: boolean
  readonly holds: (log: Line) => boolean
}

type Test = (log: Line) => boolean

/** `--client`: an address, a network, a MAC, or a pseudonym of `--log-client hashed`; else what is wrong with it. */
function clientTest(text: string): Test | string {
  if (/^client-[0-9a-f]{12}$/.test(text)) return (log) => log['client'] === text
  const mac = parseMac(text)
  if (mac !== undefined) return (log) => log['mac'] === mac
  const network = parseNetwork(text)
  if (!network.ok) return 'write an address, a network, a MAC or a pseudonym (`client-...`); a group is `--group NAME`'
  const set = networkSet([network.range])
  return (log) => {
    const ip = parseIp(String(log['client']))
    return ip !== undefined && set.has(ip)
  }
}

/** `--host`: as in a policy; a number stands for itself. */
function hostTest(text: string): Test | string {
  const address = parseIp(text.replace(/^\[(.*)\]$/, '$1'))
  if (address !== undefined) return (log) => parseIp(String(log['host']).replace(/^\[(.*)\]$/, '$1'))?.text === address.text
  const parsed = parseHostPattern(text)
  if (!parsed.ok) return parsed.hint ?? parsed.problem
  const matcher = hostMatcher([parsed.pattern])
  return (log) => {
    const name = typeof log['host'] === 'string' ? parseHostName(log['host']) : undefined
    return name !== undefined && matcher.has(name)
  }
}

/** An observed rule decides nothing, and is looked for all the same. */
function ruleTest(rule: string): Test {
  return (log) => log['rule'] === rule || (Array.isArray(log['observed']) && log['observed'].some((each: unknown) => typeof each === 'object' && each !== null && 'rule' in each && each.rule === rule))
}

/** undefined: told on standard error, and the exit code is set. */
export function recordFilter(options: RecordFilterOptions, now: number): RecordFilter | undefined {
  const range = timeRange(options, now)
  if (range === undefined) return undefined
  const { client, group, host, rule, denied } = options
  const tests: Test[] = []
  for (const [name, text, make] of [['client', client, clientTest], ['host', host, hostTest]] as const) {
    if (text === undefined) continue
    const test = make(text)
    if (typeof test === 'string') return void usageError(`\`${text}\` is no ${name}`, test)
    tests.push(test)
  }
  if (group !== undefined) tests.push((log) => log['group'] === group)
  if (rule !== undefined) tests.push(ruleTest(rule))
  if (denied === true) tests.push((log) => log['verdict'] === 'deny')
  const one = client === undefined || !(parseIp(client) !== undefined || client.startsWith('client-')) ? undefined : (parseIp(client)?.text ?? client)
  return {
    ...range, ...(one === undefined ? {} : { client: one }), refused: denied === true, all: tests.length === 0,
    holds: (log) => {
      const time = Date.parse(String(log['time']))
      return time >= range.since && time < range.until && tests.every((test) => test(log))
    },
  }
}
