// The iptables article's files of blocked clients (`ip` or `ip:port` a line, applications under # headings) into `blocks`. Danger prevented:
// a line that the article's script blocked, or only seemed to, and of which nobody is told that it means something else here.
import { posix } from 'node:path'
import { readBlocks } from '../lists/blocks.ts'
import { service } from '../policy/services.ts'
import { readBlockLine } from './block-line.ts'
import type { BlockLine } from './block-line.ts'
import type { FileDraft, Imported, PolicyDraft } from './draft.ts'
import { Findings } from './finding.ts'
import type { SourceLine } from './finding.ts'
import { NameMaker } from './names.ts'
import { linesOf } from './source.ts'
import type { ImportFile, ImportProblem } from './source.ts'
import { visible } from '../policy/visible.ts'

export interface BlocklistOptions {
  /** for lines without a port */
  readonly services: readonly string[] | undefined
  /** where each file stands, for a policy that names it; absent: files of its own are written beside the policy */
  readonly paths?: ReadonlyMap<string, string>
}

interface Read {
  readonly line: SourceLine
  readonly block: BlockLine | undefined
}

/** As the article's script, `grep -v "#"`, has it: a line with a sign anywhere is no entry. */
const NOT_FOR_GREP = 'this line has a # behind its address: the article\'s `grep -v "#"` left it out, here it blocks'
const NETWORK_NEEDS_FILE = 'add `--write FILE`: then a file is written beside the policy that names its addresses one by one'

export function importBlocklist(files: readonly ImportFile[], options: BlocklistOptions): Imported | ImportProblem {
  const findings = new Findings()
  const names = new NameMaker()
  const blocks: NonNullable<PolicyDraft['blocks']>[number][] = []
  const written: FileDraft[] = []
  let count = 0
  for (const file of files) {
    const read = linesOf(file).map((line) => readLine(line, options, findings))
    const entries = read.filter((each) => each.block !== undefined)
    const bare = entries.filter(({ block }) => block?.port === undefined)
    count += entries.length
    if (entries.length === 0) continue
    const path = options.paths?.get(file.name)
    const both = options.services !== undefined && bare.length > 0 && bare.length < entries.length
    if (both && path !== undefined) {
      return { file: file.name, message: 'some of its lines have a port and some have none, and `--services` speaks of those without alone', hint: 'add `--write FILE`: then the two are written as files of their own' }
    }
    if (options.services === undefined) for (const [at, { line }] of bare.entries()) if (at === 0) tellBare(line, read, bare.length, findings)
    const base = posix.basename(file.name.replaceAll('\\', '/'))
    const add = (tail: string, which: readonly Read[], services: readonly string[] | undefined): void => {
      const name = names.make(`${base}${tail}`, 'blocked')
      const own = path ?? `lists/${name}`
      if (path === undefined) written.push({ path: own, text: blockFile(which) })
      blocks.push({ name, file: own, note: entriesText(which), ...(services === undefined ? {} : { services }) })
    }
    if (both) {
      add('', read.filter(({ block }) => block === undefined || block.port !== undefined), undefined)
      add('-all-ports', read.filter(({ block }) => block === undefined || block.port === undefined), options.services)
    } else add('', read, bare.length > 0 ? options.services : undefined)
  }
  if (count === 0) return { file: files[0]?.name ?? '', message: 'no line of it is an entry', hint: noEntryHint(findings) }
  const head = [
    'Clients that may not use a port, whatever `rules` say. To be put into the policy of the gateway: alone, it allows nothing.',
    'A line with a port closes that port for TCP and for UDP, through the proxy too; the article\'s script closed TCP. `services: tcp` narrows it to TCP.',
  ]
  return { draft: { head, name: 'blocked', blocks }, files: written, findings: findings.all, carried: `${count} ${count === 1 ? 'entry' : 'entries'}` }
}

function readLine(line: SourceLine, { paths }: BlocklistOptions, findings: Findings): Read {
  const hash = line.text.indexOf('#')
  const content = (hash < 0 ? line.text : line.text.slice(0, hash)).trim()
  if (content === '') return { line, block: undefined }
  const block = readBlockLine(content)
  if ('problem' in block) {
    findings.lost(line, block.problem, block.hint)
    return { line, block: undefined }
  }
  // as the loader reads the file itself: what it does not understand is only there once it is written out
  if (paths !== undefined && readBlocks(content).entries.length === 0) {
    findings.lost(line, block.addresses.length === 1 ? `\`${content}\` is not how a block is written` : `\`${content}\` is a network; a block names one address a line`, NETWORK_NEEDS_FILE)
    return { line, block: undefined }
  }
  if (hash >= 0) findings.changed(line, NOT_FOR_GREP)
  return { line, block }
}

/** A line without a port closes everything, and the script that it was made for knew a port. */
function tellBare(line: SourceLine, read: readonly Read[], count: number, findings: Findings): void {
  const headings = read.filter(({ line: { text } }) => text.trim().startsWith('#')).flatMap(({ line: { text } }) => text.toLowerCase().match(/[a-z0-9+_-]{2,}/g) ?? [])
  const known = headings.includes('msn') ? 'msnp' : headings.find((word) => !COMMON.has(word) && service(word) !== undefined)
  const what = count === 1 ? 'this line has no port: it blocks every port' : `this line and ${count - 1} more have no port: they block every port`
  findings.changed(line, what, `the article's script adds one: \`--services ${known ?? 'msnp'}\` says which${known === undefined ? ', as its example does' : ''}`)
}

/** Words of headings that are names of services as well. */
const COMMON: ReadonlySet<string> = new Set(['time', 'who', 'proxy', 'any', 'auth', 'fax', 'mail', 'echo', 'route', 'ip', 'tcp', 'udp', 'icmp', 'talk', 'bt', 'st', 'mon', 'tor', 'login', 'printer', 'msp', 'dict'])

function noEntryHint(findings: Findings): string {
  const [first] = findings.all
  return first === undefined ? 'write `192.168.51.9` or `192.168.51.9:1863` a line' : `line ${first.origin.line}: ${first.message}`
}

function entriesText(read: readonly Read[]): string {
  const entries = read.flatMap(({ block }) => block?.addresses ?? [])
  return entries.length === 1 ? '1 address' : `${entries.length} addresses`
}

/** Headings and remarks as they were; entries one address a line. */
function blockFile(read: readonly Read[]): string {
  const seen = new Set<string>()
  const lines = read.flatMap(({ line: { text }, block }) => {
    const hash = text.indexOf('#')
    const remark = hash < 0 ? '' : visible(text.slice(hash).trimEnd())
    if (block === undefined) return text.trim() === '' ? [''] : hash >= 0 && text.slice(0, hash).trim() === '' ? [remark] : []
    return block.addresses.flatMap(({ family, text: address }) => {
      const entry = block.port === undefined ? address : family === 6 ? `[${address}]:${block.port}` : `${address}:${block.port}`
      if (seen.has(entry)) return []
      seen.add(entry)
      return [remark === '' ? entry : `${entry} ${remark}`]
    })
  })
  return `${lines.join('\n').replace(/\n+$/, '')}\n`
}
