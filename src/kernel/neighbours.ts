// The kernel's neighbour table: which MAC an on-link client has. IPv4 from /proc/net/arp (a read of kernel memory), IPv6 from
// `ip -j -6 neigh`, since there is no file for it. Danger prevented: a client that keeps another's identity because an old answer was
// kept too long, and a look-up that blocks the loop or starts a process for each request.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Ip } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'

export type NeighbourTable = ReadonlyMap<string, Mac>

/** An address may change hands; after this the table is read anew. */
const FRESH_MS = 3_000
/** One address that was not in the table (behind a router, say) is looked for again after this. */
const MISSING_MS = 1_000
const MISSING = 4_096
const ENTRIES = 65_536
const COMPLETE = 0x2
const NO_MAC = '00:00:00:00:00:00'

/** `IP address  HW type  Flags  HW address  Mask  Device`; entries that the kernel has not confirmed are left out. */
export function parseArp(text: string): NeighbourTable {
  const table = new Map<string, Mac>()
  for (const line of text.split('\n').slice(1)) {
    const [address = '', , flags = '0', hardware = ''] = line.trim().split(/\s+/)
    const ip = parseIp(address)
    const mac = hardware === NO_MAC ? undefined : parseMac(hardware)
    if (ip === undefined || mac === undefined || (Number(flags) & COMPLETE) === 0) continue
    if (table.size >= ENTRIES) break
    table.set(ip.text, mac)
  }
  return table
}

/** What `ip -j neigh` prints: entries that failed or are incomplete have no `lladdr`, a `state` that says so, or both. */
export function parseIpNeigh(json: string): NeighbourTable {
  const table = new Map<string, Mac>()
  const doubtful = new Set<string>()
  const parsed: unknown = JSON.parse(json === '' ? '[]' : json)
  if (!Array.isArray(parsed)) return table
  for (const entry of parsed) {
    if (typeof entry !== 'object' || entry === null || !('dst' in entry) || !('lladdr' in entry)) continue
    const states: readonly unknown[] = 'state' in entry && Array.isArray(entry.state) ? entry.state : []
    if (states.includes('FAILED') || states.includes('INCOMPLETE')) continue
    const ip = parseIp(String(entry.dst))
    const mac = parseMac(String(entry.lladdr))
    if (ip === undefined || mac === undefined || table.size >= ENTRIES) continue
    // the same link-local address may stand on two links: then it names nobody
    if ((table.get(ip.text) ?? mac) !== mac) doubtful.add(ip.text)
    table.set(ip.text, mac)
  }
  for (const address of doubtful) table.delete(address)
  return table
}

async function readArp(): Promise<NeighbourTable> {
  try {
    return parseArp(await readFile('/proc/net/arp', 'latin1'))
  } catch {
    return new Map()
  }
}

function readIpNeigh(): Promise<NeighbourTable> {
  return new Promise((resolve) => {
    execFile('ip', ['-j', '-6', 'neigh', 'show'], { timeout: 2_000, maxBuffer: 16 << 20 }, (error, stdout) => {
      if (error !== null) return resolve(new Map())
      try {
        resolve(parseIpNeigh(stdout))
      } catch {
        resolve(new Map())
      }
    })
  })
}

/** Both families at once, as they are now. */
export async function neighbourTable(): Promise<NeighbourTable> {
  const [four, six] = await Promise.all([readArp(), readIpNeigh()])
  return new Map([...four, ...six])
}

interface Held {
  table: NeighbourTable
  readAt: number
  reading: Promise<void> | undefined
  /** begins when `reading` is done */
  next: Promise<void> | undefined
}

/**
 * One table a family, read when somebody asks. A client that was never looked for gets a read that begins after it came, because one
 * that began before may lack it, and a rule that denies by MAC would then miss; everybody who waits shares that read.
 */
export class Neighbours {
  readonly #held: Readonly<Record<4 | 6, Held>> = {
    4: { table: new Map(), readAt: -Infinity, reading: undefined, next: undefined },
    6: { table: new Map(), readAt: -Infinity, reading: undefined, next: undefined },
  }
  /** address → when it was not found */
  readonly #missing = new Map<string, number>()

  /** At once where it is known and fresh; undefined: not on link, or not known. Loopback has no neighbour. */
  mac(address: Ip): Mac | undefined | Promise<Mac | undefined> {
    if (address.family === 4 ? address.value >> 24n === 127n : address.value === 1n) return undefined
    const held = this.#held[address.family]
    const now = performance.now()
    const known = held.table.get(address.text)
    if (known !== undefined && now - held.readAt < FRESH_MS) return known
    if (known === undefined && now - (this.#missing.get(address.text) ?? -Infinity) < MISSING_MS) return undefined
    return this.#readFromNow(held, address.family).then(() => this.#found(held, address.text))
  }

  #found(held: Held, address: string): Mac | undefined {
    const mac = held.table.get(address)
    if (mac !== undefined) {
      this.#missing.delete(address)
      return mac
    }
    if (this.#missing.size >= MISSING) this.#missing.clear()
    this.#missing.set(address, performance.now())
    return undefined
  }

  #readFromNow(held: Held, family: 4 | 6): Promise<void> {
    if (held.reading === undefined) return (held.reading = this.#read(held, family))
    held.next ??= held.reading.then(() => {
      held.next = undefined
      return (held.reading = this.#read(held, family))
    })
    return held.next
  }

  async #read(held: Held, family: 4 | 6): Promise<void> {
    const began = performance.now()
    held.table = await (family === 4 ? readArp() : readIpNeigh())
    held.readAt = began
    held.reading = undefined
  }
}
