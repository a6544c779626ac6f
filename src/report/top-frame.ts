// One picture of the live view as lines that fit a terminal exactly. Danger prevented: a line that is one column too long and scrolls the picture away, and
// text of a client that rules the terminal.
import { visible } from '../policy/visible.ts'
import type { Picture, Rate } from './rates.ts'
import { bytesText, countText } from './words.ts'

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly colour: boolean
}

interface Block {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const BOLD = '\u001b[1m'
const DIM = '\u001b[2m'
const RED = '\u001b[31m'
const PLAIN = '\u001b[0m'

function perSecond(value: number, seconds: number): string {
  const rate = value / seconds
  return rate >= 100 ? countText(rate) : rate.toFixed(1)
}

function rateRows(rates: readonly Rate[], seconds: number): readonly (readonly string[])[] {
  return rates.map(({ key, requests, bytes, denied }) => [key, perSecond(requests, seconds), `${bytesText(bytes / seconds)}/s`, denied === 0 ? '' : String(denied)])
}

function clipped(text: string, width: number): string {
  const shown = visible(text)
  return shown.length <= width ? shown.padEnd(width) : width < 2 ? shown.slice(0, width) : `${shown.slice(0, width - 1)}…`
}

/** The first column has what the others leave. */
function lines({ title, head, rows }: Block, width: number, high: number, colour: boolean): readonly string[] {
  if (high <= 0) return []
  const shown = rows.slice(0, Math.max(0, high - 1))
  const widths = head.map((name, at) => (at === 0 ? 0 : Math.max(name.length, ...shown.map((row) => (row[at] ?? '').length))))
  const first = Math.max(4, width - widths.reduce((sum, each) => sum + each, 0) - 2 * (head.length - 1))
  const line = (cells: readonly string[]): string => clipped(cells.map((cell, at) => (at === 0 ? clipped(cell, first) : visible(cell).padStart(widths[at] ?? 0))).join('  '), width)
  const more = rows.length > shown.length ? ` (${shown.length} of ${rows.length})` : ''
  const top = line([`${title}${more}`, ...head.slice(1)])
  const all = [colour ? `${BOLD}${top}${PLAIN}` : top, ...shown.map((row) => (colour && title === 'Denied' ? `${RED}${line(row)}${PLAIN}` : line(row)))]
  return [...all, ...Array.from({ length: Math.max(0, high - all.length) }, () => ' '.repeat(width))]
}

function spanText(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} s` : seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

const WIDE = 100

/** `name`: of the policy, or whatever is looked at. */
export function topFrame(picture: Picture, name: string, { columns, rows, colour }: Screen): readonly string[] {
  const { seconds, total, tunnels } = picture
  const flowing = tunnels.reduce((sum, each) => sum + each.perSecond, 0)
  const head = clipped(`greengate top  ${name}  ${perSecond(total.requests, seconds)} requests/s  ${bytesText(total.bytes / seconds)}/s  ${total.denied} denied in ${Math.round(seconds)} s  ${tunnels.length} tunnels ${bytesText(flowing)}/s`, columns)
  const foot = clipped('q quits', columns)
  const rates = (title: string, list: readonly Rate[]): Block => ({ title, head: ['', 'req/s', 'octets', 'denied'], rows: rateRows(list, seconds) })
  const denied: Block = { title: 'Denied', head: ['', 'times'], rows: picture.denials.map(({ key, requests }) => [key, String(requests)]) }
  const open: Block = { title: 'Tunnels', head: ['', 'rule', 'rate', 'so far', 'open'], rows: tunnels.map((each) => [`${each.client}  ${each.target}`, each.rule.slice(0, 20), `${bytesText(each.perSecond)}/s`, bytesText(each.bytes), spanText(each.seconds)]) }
  const blocks = [rates('Clients', picture.clients), rates('Sites', picture.sites), rates('Rules', picture.rules), denied, open]
  const room = Math.max(0, rows - 2)
  const body: string[] = []
  if (columns >= WIDE) {
    const left = Math.floor((columns - 2) / 2)
    const right = columns - 2 - left
    const third = Math.floor(room / 3)
    const pairs: readonly (readonly [Block | undefined, Block | undefined, number])[] = [[blocks[0], blocks[1], third], [blocks[2], blocks[3], third]]
    for (const [one, two, high] of pairs) {
      if (one === undefined || two === undefined) continue
      const ours = lines(one, left, high, colour)
      const theirs = lines(two, right, high, colour)
      for (const [at, text] of ours.entries()) body.push(`${text}  ${theirs[at] ?? ''}`)
    }
    body.push(...lines(open, columns, room - third * 2, colour))
  } else {
    const each = Math.floor(room / blocks.length)
    for (const [at, block] of blocks.entries()) body.push(...lines(block, columns, at === blocks.length - 1 ? room - each * (blocks.length - 1) : each, colour))
  }
  const all = [colour ? `${BOLD}${head}${PLAIN}` : head, ...body, colour ? `${DIM}${foot}${PLAIN}` : foot]
  return all.slice(0, rows)
}
