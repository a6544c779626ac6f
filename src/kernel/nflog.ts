// The firewall's log as the kernel hands it to whoever asks (NFLOG), live, in whatever network namespace we are in. Node has no netlink
// socket: tcpdump has one, and gives us its stream. Danger prevented: a reader that outlives us, or waits for a tcpdump that is dead.
import { LOG_GROUP } from '../firewall/logs.ts'
import type { FirewallRecord } from '../log/firewall-record.ts'
import { NflogReader } from '../log/nflog.ts'
import type { NflogRecord } from '../log/nflog.ts'
import { companion, plainly } from './companion.ts'
import { runTool } from './tool.ts'

function isLink(value: unknown): value is { readonly ifindex: number; readonly ifname: string } {
  return typeof value === 'object' && value !== null && 'ifindex' in value && typeof value.ifindex === 'number' && 'ifname' in value && typeof value.ifname === 'string'
}

/** Interfaces by their number, in this namespace. */
export async function interfaceNames(): Promise<ReadonlyMap<number, string>> {
  const { code, out } = await runTool('ip', ['-j', 'link', 'show'])
  try {
    const parsed: unknown = code === 0 ? JSON.parse(out) : []
    return new Map(Array.isArray(parsed) ? parsed.filter(isLink).map(({ ifindex, ifname }) => [ifindex, ifname]) : [])
  } catch {
    return new Map()
  }
}

/** Numbers become names; one that is not known yet is looked for once more, for an interface may be new. */
class Interfaces {
  #names: ReadonlyMap<number, string> = new Map()
  readonly #unknown = new Set<number>()

  async named({ in: entry, out: exit, ...rest }: NflogRecord): Promise<FirewallRecord> {
    for (const index of [entry, exit]) {
      if (index === undefined || this.#names.has(index) || this.#unknown.has(index)) continue
      this.#names = await interfaceNames()
      if (!this.#names.has(index)) this.#unknown.add(index)
    }
    const name = (index: number): string => this.#names.get(index) ?? `#${index}`
    return { ...rest, ...(entry === undefined ? {} : { in: name(entry) }), ...(exit === undefined ? {} : { out: name(exit) }) }
  }
}

/** Ends with `signal`; throws where tcpdump is missing, may not, or ends by itself: another reader may hold the group. `ready` is called when records can come. */
export async function* nflogRecords(signal: AbortSignal, ready: () => void = () => {}): AsyncGenerator<FirewallRecord, void, undefined> {
  const child = companion('tcpdump', ['-i', `nflog:${LOG_GROUP}`, '--immediate-mode', '-U', '-w', '-'])
  const interfaces = new Interfaces()
  let told = ''
  let problem = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (/listening on/.test(String(chunk))) ready()
    told = `${told}${String(chunk)}`.slice(-2_000)
  })
  child.on('error', (error: NodeJS.ErrnoException) => {
    problem = error.code === 'ENOENT' ? 'tcpdump is not installed' : error.message
    child.stdout.destroy()
  })
  const stop = (): void => {
    child.kill('SIGTERM')
    child.stdout.destroy()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const reader = new NflogReader()
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) for (const record of reader.push(chunk)) yield await interfaces.named(record)
  } catch (error) {
    if (!signal.aborted && problem === '') problem = error instanceof Error ? error.message : String(error)
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill('SIGTERM')
  }
  const said = told.split('\n').map((line) => line.trim()).filter((line) => /^(?:tcpdump|setpriv): /.test(line) && !/listening on|verbose output/.test(line)).at(-1)
  if (!signal.aborted) throw new Error(problem !== '' ? problem : plainly(said ?? 'tcpdump ended'))
}
