// Files of blocked clients, as the iptables article has them: `ip` or `ip:port` a line, under headings. Danger prevented: an address that
// is misread and blocks another client, or none; a line that is not surely understood is told, not guessed.
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'

export interface BlockEntry {
  readonly address: Ip
  readonly port?: number
  readonly line: number
  /** the heading above it, or the comment behind it */
  readonly remark?: string
}

export interface BadBlock {
  readonly line: number
  readonly text: string
  readonly problem: string
}

export interface Blocks {
  readonly entries: readonly BlockEntry[]
  readonly bad: readonly BadBlock[]
}

export function readBlocks(text: string): Blocks {
  const entries: BlockEntry[] = []
  const bad: BadBlock[] = []
  let heading: string | undefined
  text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = index + 1
    const hash = raw.indexOf('#')
    const content = (hash < 0 ? raw : raw.slice(0, hash)).trim()
    const remark = hash < 0 ? undefined : remarkOf(raw.slice(hash))
    if (content === '') {
      heading = remark ?? heading
      return
    }
    const parsed = parseEntry(content)
    if (typeof parsed === 'string') bad.push({ line, text: content, problem: parsed })
    else entries.push(withRemark({ ...parsed, line }, remark ?? heading))
  })
  return { entries, bad }
}

/** Without the signs around it; a line of dashes says nothing. */
function remarkOf(comment: string): string | undefined {
  const text = comment.replace(/^[#\s]+/, '').replace(/[#\s]+$/, '')
  return /[\p{L}\p{N}]/u.test(text) ? text : undefined
}

function withRemark(entry: BlockEntry, remark: string | undefined): BlockEntry {
  return remark === undefined ? entry : { ...entry, remark }
}

function parseEntry(content: string): { readonly address: Ip; readonly port?: number } | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(content)
  if (bracketed !== null) return entryOf(bracketed[1] ?? '', bracketed[2])
  const colon = content.indexOf(':')
  // More than one colon and no brackets is an IPv6 address without a port.
  if (colon >= 0 && !content.includes(':', colon + 1)) return entryOf(content.slice(0, colon), content.slice(colon + 1))
  return entryOf(content, undefined)
}

function entryOf(host: string, port: string | undefined): { readonly address: Ip; readonly port?: number } | string {
  const address = parseIp(host)
  if (address === undefined) return host.includes('/') ? `\`${host}\` is a network; a block names one address a line` : `\`${host}\` is not an address`
  if (port === undefined) return { address }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
  return number >= 1 && number <= 65535 ? { address, port: number } : `\`${port}\` is not a port from 1 to 65535`
}
