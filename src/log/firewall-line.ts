// The firewall's log as people and programs read it: a row as on IPCop's page, or one JSON object a line. Danger prevented: names of strangers
// that rule a terminal (all is escaped), and a table whose columns dance.
import type { FirewallRecord } from './firewall-record.ts'
import { chainParts } from './firewall-record.ts'
import { escapeText } from './escape.ts'

export interface RecordNames {
  readonly group?: string
  /** by the table that everybody knows, lower case */
  readonly known?: string
  /** by the policy's own services */
  readonly here?: string
}

export function protocolText(protocol: FirewallRecord['protocol']): string {
  return typeof protocol === 'number' ? `IP/${protocol}` : protocol.toUpperCase()
}

/** `800 (MDBS_DAEMON; here IPCopProxy)`, `8 (echo-request)`, `-` */
export function portText(record: Pick<FirewallRecord, 'port' | 'protocol'>, { known, here }: RecordNames): string {
  if (record.port === undefined) return here === undefined ? '-' : `- (here ${here})`
  // ports have the names of a table in capitals, as IPCop showed them; types of messages are words
  const named = known === undefined ? [] : [record.protocol === 'icmp' ? known : known.toUpperCase()]
  const names = [...named, ...(here === undefined ? [] : [`here ${here}`])]
  return names.length === 0 ? String(record.port) : `${record.port} (${names.join('; ')})`
}

export const COLUMNS: readonly (readonly [title: string, width: number])[] = [
  ['Time', 19], ['Chain', 10], ['Iface', 6], ['Proto', 5], ['Source', 15], ['MAC Address', 17], ['Group', 10], ['Src Port', 8], ['Destination', 15], ['Dst Port', 8],
]

export function recordCells(record: FirewallRecord, names: RecordNames, timeText: (atMs: number) => string): readonly string[] {
  const { time, chain, mac, source, target, protocol, sourcePort } = record
  return [
    timeText(time), chain, record.in ?? record.out ?? '-', protocolText(protocol), source.text, mac ?? '-', names.group ?? '-',
    sourcePort === undefined ? '-' : String(sourcePort), target.text, portText(record, names),
  ].map((cell) => escapeText(cell, 128))
}

/** Columns grow with what they hold and never shrink: rows can be printed as they come. */
export class Rows {
  readonly #widths = COLUMNS.map(([, width]) => width)

  text(cells: readonly string[]): string {
    return cells.map((cell, index) => {
      const width = Math.max(this.#widths[index] ?? 0, cell.length)
      this.#widths[index] = width
      return index === cells.length - 1 ? cell : cell.padEnd(width)
    }).join('  ').trimEnd()
  }

  head(): string {
    return this.text(COLUMNS.map(([title]) => title))
  }
}

/** The names of the event log where it has them (`client`, `target`, `group`), so that one reader reads both. */
export function recordJson(record: FirewallRecord, names: RecordNames): Readonly<Record<string, string | number | boolean | undefined>> {
  const { verdict, would, rule } = chainParts(record.chain)
  return {
    time: new Date(record.time).toISOString(),
    event: 'packet',
    chain: record.chain,
    verdict,
    ...(would ? { observed: true } : {}),
    rule,
    in: record.in,
    out: record.out,
    protocol: typeof record.protocol === 'number' ? `ip/${record.protocol}` : record.protocol,
    client: record.source.text,
    clientPort: record.sourcePort,
    mac: record.mac,
    group: names.group,
    target: record.target.text,
    port: record.port,
    service: names.known,
    here: names.here,
    length: record.length,
  }
}
