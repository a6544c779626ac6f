// The packet filter's log: read where the machine keeps it, live from the kernel where somebody follows, filtered, and told. Danger prevented:
// a follower that silently sees nothing, because another program holds the kernel's log group or tcpdump may not read it.
import type { CompiledPolicy } from '../decision/compile.ts'
import { groupOf } from '../decision/group.ts'
import { serviceNames } from '../decision/service-names.ts'
import { LOG_GROUP } from '../firewall/logs.ts'
import { timeText } from '../firewall/standing.ts'
import { fileMessages, kernelLog, readable } from '../kernel/kernel-log.ts'
import type { KernelLog, Messages } from '../kernel/kernel-log.ts'
import { nflogRecords } from '../kernel/nflog.ts'
import { Rows, recordCells, recordJson } from '../log/firewall-line.ts'
import type { RecordNames } from '../log/firewall-line.ts'
import type { FirewallRecord } from '../log/firewall-record.ts'
import { parseKernelLine } from '../log/kernel-line.ts'
import { compiledOf } from './compiled.ts'
import { failure, usageError } from './exit.ts'
import { packetFilter } from './packet-filter.ts'
import type { FilterOptions, PacketFilter } from './packet-filter.ts'
import { say, sayError, sayJson } from './say.ts'
import { untilStopped } from './until-stopped.ts'

export interface FirewallLogOptions extends FilterOptions {
  readonly follow?: true
  readonly file?: string
  readonly policy?: string
  readonly port?: number
  readonly json?: true
}

function namesOf(compiled: CompiledPolicy, record: FirewallRecord): RecordNames {
  const group = groupOf(compiled, { address: record.source, mac: record.mac })
  return { ...(group === undefined ? {} : { group }), ...serviceNames(compiled, { to: record.target, protocol: record.protocol, port: record.port }) }
}

/** Tells each record that the filter holds; says how many it told. */
class Telling {
  told = 0
  readonly #compiled: CompiledPolicy
  readonly #filter: PacketFilter
  readonly #rows: Rows | undefined
  readonly #timeText: (atMs: number) => string

  constructor(compiled: CompiledPolicy, filter: PacketFilter, json: boolean) {
    const { timezone } = compiled.policy.gateway
    this.#compiled = compiled
    this.#filter = filter
    this.#rows = json ? undefined : new Rows()
    this.#timeText = (atMs) => timeText(atMs, timezone).slice(0, 19).replace('T', ' ')
    if (this.#rows !== undefined) say(`${this.#rows.head()}\n`)
  }

  record(record: FirewallRecord): void {
    const { since, holds } = this.#filter
    if (since !== undefined && record.time < since) return
    if (!holds({ address: record.source, mac: record.mac }, { to: record.target, protocol: record.protocol, port: record.port })) return
    this.told += 1
    const names = namesOf(this.#compiled, record)
    if (this.#rows === undefined) sayJson(recordJson(record, names))
    else say(`${this.#rows.text(recordCells(record, names, this.#timeText))}\n`)
  }

  /** `before`: what came later is told by another source. */
  async messages(messages: Messages, before = Infinity): Promise<void> {
    for await (const { time, message } of messages) {
      const record = time < before ? parseKernelLine(message) : undefined
      if (record !== undefined) this.record({ time, ...record })
    }
  }
}

/** Live from the kernel. What was before is read while the new is waited for, so that nothing falls between. False: it could not begin. */
async function live(telling: Telling, history: ((before: number) => Promise<void>) | undefined, signal: AbortSignal): Promise<boolean> {
  let begun = false
  const ready = Promise.withResolvers<void>()
  const records = nflogRecords(signal, () => {
    begun = true
    sayError(`note: following the kernel's log group ${LOG_GROUP}\n`)
    ready.resolve()
  })
  let next = records.next()
  // it is asked for again below, and may fail before: then whoever reads instead tells of the past as well
  next.then(() => ready.resolve(), () => ready.resolve())
  try {
    await ready.promise
    if (begun && history !== undefined) await history(Date.now())
    for (let result = await next; result.done !== true; result = await next) {
      telling.record(result.value)
      next = records.next()
    }
    return true
  } catch (error) {
    if (begun) throw error
    sayError(`note: the kernel's log group cannot be followed: ${error instanceof Error ? error.message : String(error)}\n`)
    return false
  }
}

async function machineLog(telling: Telling, log: KernelLog | undefined, options: FirewallLogOptions, filter: PacketFilter, timezone: string): Promise<void> {
  const signal = options.follow === true ? untilStopped() : new AbortController().signal
  const since = filter.since === undefined ? {} : { since: filter.since }
  const past = options.since === undefined || log === undefined ? undefined : (before: number) => telling.messages(log.read({ follow: false, timezone, signal, ...since }), before)
  if (options.follow === true && (await live(telling, past, signal))) return
  if (log === undefined) return failure('the kernel\'s log cannot be read here: no journal, no syslog file under /var/log, no /dev/kmsg', 'run it as root, or name the file: `--file FILE`')
  if (options.follow === true) {
    sayError(`note: following ${log.name}\n`)
    return telling.messages(log.read({ follow: true, timezone, signal, ...(filter.since === undefined ? { fresh: true as const } : since) }))
  }
  await telling.messages(log.read({ follow: false, timezone, signal, ...since }))
  if (telling.told === 0) sayError(`note: ${log.name} has none${options.since === undefined ? '' : ` since ${options.since}`}\n`)
}

export async function firewallLog(options: FirewallLogOptions): Promise<void> {
  const compiled = await compiledOf(options)
  if (compiled === undefined) return
  const filter = packetFilter(compiled, options, Date.now())
  if (filter === undefined) return
  const { timezone } = compiled.policy.gateway
  if (options.file !== undefined && options.file !== '-' && !readable(options.file)) return usageError(`\`${options.file}\` cannot be read`, 'name a syslog file that this user may read: `--file FILE`')
  const telling = new Telling(compiled, filter, options.json === true)
  try {
    if (options.file === undefined) return await machineLog(telling, kernelLog(), options, filter, timezone)
    const signal = options.follow === true ? untilStopped() : new AbortController().signal
    await telling.messages(fileMessages(options.file, { follow: options.follow === true, timezone, signal }))
  } catch (error) {
    const forbidden = error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'EACCES')
    if (forbidden) failure('the kernel\'s log cannot be read: this user may not read it', 'run it as root, or name the file: `--file FILE`')
    else failure(error instanceof Error ? error.message : String(error))
  }
}
