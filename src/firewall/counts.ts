// What the kernel counted, by rule: nft's counters by name, iptables' by comment. Danger prevented: one rule that is several lines and is
// reported as several, or as its first line alone.
import { commentOfCounter } from './nft-objects.ts'

export interface Count {
  readonly packets: number
  readonly bytes: number
}

/** By what stands behind `gg:` in a line's comment: `rule:mail`, `blocks:apps`, `default-deny`. */
export type Counts = ReadonlyMap<string, Count>

export function addCounts(all: readonly Counts[]): Counts {
  const sum = new Map<string, Count>()
  for (const counts of all) {
    for (const [comment, { packets, bytes }] of counts) {
      const before = sum.get(comment)
      sum.set(comment, { packets: (before?.packets ?? 0) + packets, bytes: (before?.bytes ?? 0) + bytes })
    }
  }
  return sum
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** `nft -j -t list table inet greengate`; `list counters` would read every rule of the kernel, iptables' too, before it answers */
export function readNftCounts(json: string): Counts {
  const parsed: unknown = JSON.parse(json)
  const listed: readonly unknown[] = isRecord(parsed) && Array.isArray(parsed['nftables']) ? parsed['nftables'] : []
  const counts = new Map<string, Count>()
  for (const each of listed) {
    const counter = isRecord(each) ? each['counter'] : undefined
    const comment = isRecord(counter) && typeof counter['name'] === 'string' ? commentOfCounter(counter['name']) : undefined
    if (comment !== undefined && isRecord(counter)) counts.set(comment, { packets: Number(counter['packets']), bytes: Number(counter['bytes']) })
  }
  return counts
}

/** `iptables-save -c`: `[packets:bytes] -A GG_... --comment "gg:rule:mail" ...` */
export function readIptablesCounts(saved: string): Counts {
  const counts: Counts[] = []
  for (const match of saved.matchAll(/^\[(\d+):(\d+)\] -A GG_[^\n]* --comment "?gg:([^\s"]+)"?/gm)) counts.push(new Map([[match[3] ?? '', { packets: Number(match[1]), bytes: Number(match[2]) }]]))
  return addCounts(counts)
}
