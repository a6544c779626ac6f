// What this process may do, and whether IPv6 leads out: asked of /proc, changed never.
import { readFileSync } from 'node:fs'

const NET_BIND_SERVICE = 10n

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

export interface BindRight {
  /** ports below it need a right */
  readonly free: number
  readonly capable: boolean
}

export function bindRight(): BindRight {
  const free = Number(read('/proc/sys/net/ipv4/ip_unprivileged_port_start').trim() || '1024')
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(read('/proc/self/status'))?.[1] ?? '0'
  return { free, capable: (BigInt(`0x${effective}`) >> NET_BIND_SERVICE & 1n) === 1n }
}

/** A default route of IPv6 that does not end in `lo`: lines of destination, its length, ..., flags, device. */
export function hasIpv6Route(text = read('/proc/net/ipv6_route')): boolean {
  return text.split('\n').some((line) => /^0{32} 00 /.test(line) && !/\slo$/.test(line.trimEnd()))
}
