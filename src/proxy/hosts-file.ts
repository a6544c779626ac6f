// The system's hosts file as a table of names, read anew when it changes. Danger prevented: a name that the machine's owner pinned in
// /etc/hosts and that the proxy alone would ask the DNS for.
import { readFileSync, statSync } from 'node:fs'
import { parseHostName } from '../net/hostname.ts'
import type { HostName } from '../net/hostname.ts'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'

/** hosts(5): an address, then names; `#` begins a comment. Lines that do not parse are passed over, as libc does. */
export function parseHosts(text: string): Map<HostName, Ip[]> {
  const table = new Map<HostName, Ip[]>()
  for (const line of text.split('\n')) {
    const [first, ...names] = line.replace(/#.*/s, '').trim().split(/\s+/)
    const address = first === undefined ? undefined : parseIp(first)
    if (address === undefined) continue
    for (const text of names) {
      const name = parseHostName(text)
      if (name === undefined) continue
      const known = table.get(name)
      if (known === undefined) table.set(name, [address])
      else if (!known.some((other) => other.text === address.text)) known.push(address)
    }
  }
  return table
}

const LOOK_MS = 1000

/** Looked at no more than once a second: one stat, and a read only where the file is another. */
export class HostsFile {
  readonly #path: string
  #table = new Map<HostName, Ip[]>()
  #version = ''
  #looked = -Infinity

  constructor(path: string) {
    this.#path = path
  }

  get(name: HostName): readonly Ip[] | undefined {
    const now = performance.now()
    if (now - this.#looked >= LOOK_MS) {
      this.#looked = now
      this.#refresh()
    }
    return this.#table.get(name)
  }

  #refresh(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path)
      const version = `${ino} ${mtimeMs} ${size}`
      if (version === this.#version) return
      this.#table = parseHosts(readFileSync(this.#path, 'utf8'))
      this.#version = version
    } catch {
      // no such file: no pinned names; a file that cannot be read for a moment (it is being replaced) keeps its last table
      if (this.#version === '') this.#table = new Map()
    }
  }
}
