// The kernel's table of flows, read once as a whole, and single flows taken out of it. Danger prevented: a flow that a former policy allowed, whose
// client never sends again, and that the far side keeps alive by itself.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ip } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import { firstProblem, runTool } from './tool.ts'
import type { Runner } from './tool.ts'

export interface Flow {
  /** 6, 17, 1, 58, ... */
  readonly protocol: number
  /** as it began */
  readonly from: Ip
  readonly to: Ip
  readonly sourcePort: number | undefined
  readonly port: number | undefined
  readonly icmp: { readonly type: number; readonly code: number; readonly id: number } | undefined
  /** who answers: `to`, unless somebody redirected it */
  readonly reached: Ip
  readonly reachedPort: number | undefined
  readonly mark: number
  /** of TCP: `ESTABLISHED`, `SYN_SENT`, ... */
  readonly state: string | undefined
  /** nobody has answered yet */
  readonly unreplied: boolean
  /** octets both ways; only where the kernel counts them (net.netfilter.nf_conntrack_acct) */
  readonly sent: number | undefined
  readonly received: number | undefined
}

function numbers(text: string, key: string): readonly number[] {
  return [...text.matchAll(new RegExp(`(?:^| )${key}=(\\d+)`, 'g'))].map((match) => Number(match[1]))
}

/** One line of `conntrack -L`, with or without the family before it (`-o extended`); undefined: none that we could judge. */
export function parseFlow(told: string): Flow | undefined {
  const line = told.replace(/^\s*ipv[46]\s+\d+\s+/, '')
  const head = /^\S+\s+(\d+) (?:\d+ )?(?:([A-Z][A-Z_0-9]+) )?/.exec(line)
  const protocol = Number(head?.[1] ?? Number.NaN)
  const ends = [...line.matchAll(/ (src|dst)=(\S+)/g)].map((match) => match[2] ?? '')
  const from = parseIp(ends[0] ?? '')
  const to = parseIp(ends[1] ?? '')
  if (Number.isNaN(protocol) || from === undefined || to === undefined) return undefined
  const [port, reachedPort] = [numbers(line, 'dport')[0], numbers(line, 'sport')[1]]
  const [type] = numbers(line, 'type')
  const [code = 0] = numbers(line, 'code')
  const [id = 0] = numbers(line, 'id')
  return {
    protocol, from, to, port, sourcePort: numbers(line, 'sport')[0],
    icmp: type === undefined ? undefined : { type, code, id },
    reached: parseIp(ends[2] ?? '') ?? to, reachedPort: reachedPort ?? port,
    mark: numbers(line, 'mark')[0] ?? 0,
    state: head?.[2],
    unreplied: line.includes(' [UNREPLIED] '),
    sent: numbers(line, 'bytes')[0],
    received: numbers(line, 'bytes')[1],
  }
}

export type Flows = { readonly ok: true; readonly flows: readonly Flow[] } | { readonly ok: false; readonly problem: string }

export async function listFlows(run: Runner = runTool): Promise<Flows> {
  const flows: Flow[] = []
  for (const family of ['ipv4', 'ipv6']) {
    const listed = await run('conntrack', ['-L', '-f', family])
    if (listed.code !== 0) return { ok: false, problem: firstProblem(listed) }
    for (const line of listed.out.split('\n')) {
      const flow = parseFlow(line)
      if (flow !== undefined) flows.push(flow)
    }
  }
  return { ok: true, flows }
}

const NAMES: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 1: 'icmp', 58: 'icmpv6' }

/** As `conntrack -R` reads it. */
function removal({ protocol, from, to, sourcePort, port, icmp }: Flow): string {
  const words = ['-D', '-f', from.family === 4 ? 'ipv4' : 'ipv6', '-p', NAMES[protocol] ?? String(protocol), '-s', from.text, '-d', to.text]
  if (icmp !== undefined && (protocol === 1 || protocol === 58)) {
    const word = protocol === 1 ? 'icmp' : 'icmpv6'
    words.push(`--${word}-type`, String(icmp.type), `--${word}-code`, String(icmp.code), `--${word}-id`, String(icmp.id))
  } else if ((protocol === 6 || protocol === 17) && sourcePort !== undefined && port !== undefined) words.push('--sport', String(sourcePort), '--dport', String(port))
  return words.join(' ')
}

/** What kept it, else undefined. One that has ended meanwhile is no fault. */
export async function removeFlows(flows: readonly Flow[], run: Runner = runTool): Promise<string | undefined> {
  if (flows.length === 0) return undefined
  // a file: what it calls `-` it opens as /dev/stdin, which our end, a socket, cannot be opened as
  const folder = mkdtempSync(join(tmpdir(), 'greengate-'))
  try {
    const file = join(folder, 'flows')
    writeFileSync(file, `${flows.map(removal).join('\n')}\n`, { mode: 0o600 })
    const removed = await run('conntrack', ['-R', file])
    return removed.code === 0 ? undefined : firstProblem(removed)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every flow with this generation in its mark. */
export async function removeGeneration(generation: number, run: Runner = runTool): Promise<void> {
  for (const family of ['ipv4', 'ipv6']) await run('conntrack', ['-D', '-f', family, '-m', `${generation * 2 ** 24}/${0xff000000}`])
}
