// The kernel's log: its ring (/dev/kmsg), the journal, or a syslog file, from the beginning or also what comes. Danger prevented: a read
// that blocks the loop for ever.
import { accessSync, constants, createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { uptime } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJournalLine, parseKmsg, parseSyslogLine } from '../log/syslog-line.ts'
import type { KernelMessage, LineFacts } from '../log/syslog-line.ts'
import { followLines } from './follow-lines.ts'
import { companion } from './companion.ts'

export type Messages = AsyncGenerator<KernelMessage, void, undefined>

export interface Reading {
  /** also what comes from now on, until `signal` */
  readonly follow: boolean
  /** epoch milliseconds: what is older may be left out */
  readonly since?: number
  /** only what comes from now on: no clock is asked, since the kernel's drifts from the machine's */
  readonly fresh?: true
  readonly timezone: string
  readonly signal: AbortSignal
}

const KMSG = '/dev/kmsg'
const POLL_MS = 250

export function lineFacts(timezone: string): LineFacts {
  const now = Date.now()
  return { now, started: now - Math.round(uptime() * 1000), timezone }
}

export function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** A record a read. The ring is read to its end without waiting, then looked at again and again: a read that waits would hold a thread for ever. */
async function* kmsgMessages({ follow, fresh, timezone, signal }: Reading): Messages {
  const facts = lineFacts(timezone)
  const ring = await open(KMSG, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(16_384)
  let past = fresh === true
  try {
    while (!signal.aborted) {
      let length: number
      try {
        length = (await ring.read(buffer, 0, buffer.length, null)).bytesRead
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        // records were overwritten before they were read: the next read is of the oldest that is left
        if (code === 'EPIPE') continue
        if (code !== 'EAGAIN') throw error
        if (!follow) return
        past = false
        await sleep(POLL_MS, undefined, { signal }).catch(() => {})
        continue
      }
      const message = past ? undefined : parseKmsg(buffer.toString('utf8', 0, length), facts)
      if (message !== undefined) yield message
    }
  } finally {
    await ring.close()
  }
}

async function* journalMessages({ follow, fresh, since, signal }: Reading): Messages {
  const args = ['--no-pager', '-q', '-o', 'json', '--output-fields=MESSAGE', '_TRANSPORT=kernel', ...(since === undefined ? [] : [`--since=@${Math.floor(since / 1000)}`]), ...(follow ? ['-f', '-n', fresh === true ? '0' : 'all'] : [])]
  const child = companion('journalctl', args)
  child.stderr.resume()
  child.on('error', () => child.stdout.destroy())
  const stop = (): void => {
    child.kill('SIGTERM')
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
      const message = parseJournalLine(line)
      if (message !== undefined) yield message
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** `-`: standard input. */
export async function* fileMessages(path: string, reading: Reading): Messages {
  const facts = lineFacts(reading.timezone)
  let past = reading.fresh === true && reading.follow
  const lines = reading.follow && path !== '-'
    // log lines are ASCII but for what a program said, which is not ours
    ? followLines(path, { signal: reading.signal, encoding: 'latin1', onIdle: () => (past = false) })
    : createInterface({ input: path === '-' ? process.stdin : createReadStream(path, { encoding: 'latin1' }), crlfDelay: Infinity })
  for await (const line of lines) {
    const message = past ? undefined : parseSyslogLine(line, facts)
    if (message !== undefined) yield message
  }
}

const FILES = ['/var/log/kern.log', '/var/log/messages', '/var/log/syslog']

export interface KernelLog {
  readonly name: string
  readonly read: (reading: Reading) => Messages
}

/** Where this machine keeps what its kernel says; undefined: nowhere that we may read. */
export function kernelLog(): KernelLog | undefined {
  // a journal that nobody writes keeps nothing
  if (readable('/run/systemd/journal/socket')) return { name: 'the journal', read: journalMessages }
  const file = FILES.find(readable)
  if (file !== undefined) return { name: file, read: (reading) => fileMessages(file, reading) }
  return readable(KMSG) ? { name: KMSG, read: kmsgMessages } : undefined
}
