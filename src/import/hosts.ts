// A hosts file that sends names to nowhere into a list and the rule that denies it. Danger prevented: a line that says where a machine is,
// turned into a block of that machine.
import { posix } from 'node:path'
import { hostsEntries } from '../lists/entry.ts'
import { octetsFromText } from '../net/octets.ts'
import { hostText, parseHost } from '../net/target.ts'
import { visible } from '../policy/visible.ts'
import type { FileDraft, Imported, PolicyDraft, RuleDraft, WebRuleDraft } from './draft.ts'
import { Findings } from './finding.ts'
import type { SourceLine } from './finding.ts'
import { NameMaker } from './names.ts'
import { linesOf } from './source.ts'
import type { ImportFile, ImportProblem } from './source.ts'

export interface HostsOptions {
  /** where each file stands, for a policy that names it; absent: files of its own are written beside the policy */
  readonly paths?: ReadonlyMap<string, string>
}

/** Where nobody answers. 127.0.1.1 is where Debian puts the machine's own name. */
const SINKS: ReadonlySet<string> = new Set(['0.0.0.0', '127.0.0.1', '::1', '::', '0'])
const OWN_NAMES = /^(?:localhost|localhost\.localdomain|localhost[46](?:\.localdomain[46])?|local|broadcasthost|ip6-[a-z]+|0\.0\.0\.0)$/i

export function importHosts(files: readonly ImportFile[], options: HostsOptions): Imported | ImportProblem {
  const findings = new Findings()
  const names = new NameMaker()
  const lists: NonNullable<PolicyDraft['lists']>[number][] = []
  const written: FileDraft[] = []
  let count = 0
  for (const file of files) {
    const lines = linesOf(file).map((line) => {
      const blocked = blockedNames(line, findings)
      return { line, blocked: options.paths === undefined ? blocked : asItStands(line, blocked, findings) }
    })
    const distinct = new Set(lines.flatMap(({ blocked }) => blocked))
    if (distinct.size === 0) continue
    count += distinct.size
    const name = names.make(`${posix.basename(file.name.replaceAll('\\', '/'))}`, 'blocked')
    const path = options.paths?.get(file.name) ?? `lists/${name}`
    if (options.paths === undefined) written.push({ path, text: hostsFile(lines) })
    lists.push({ name, hosts: path })
  }
  if (count === 0) {
    const [first] = findings.all
    return { file: files[0]?.name ?? '', message: 'no line of it sends a name to nowhere', hint: first === undefined ? 'write `0.0.0.0 ads.example` a line' : `line ${first.origin.line}: ${first.message}` }
  }
  const web: WebRuleDraft = { name: 'hosts', action: 'deny', list: lists.map(({ name }) => name), reason: 'This site is on a blocklist' }
  const head = [
    'What a hosts file blocked, for a proxy that serves this machine: each name of the list is denied, everything else passes.',
    'A name stands for itself and not for what is below it, as in the hosts file. For what is below it too, keep the names alone in a file of `domains`.',
  ]
  return {
    draft: { head, name: 'hosts', lists, rules: [THIS_MACHINE], web: { default: 'allow', rules: [web] } },
    files: written, findings: findings.all, carried: `${count} ${count === 1 ? 'name' : 'names'}`,
  }
}

const THIS_MACHINE: RuleDraft = { name: 'this-machine', action: 'allow', from: ['127.0.0.0/8', '::1'], to: ['gateway'], services: ['proxy'], remark: 'a hosts file speaks for the programs of its own machine' }

/** In the spelling in which targets are compared; what is no block is told. */
function blockedNames(line: SourceLine, findings: Findings): readonly string[] {
  const hash = line.text.indexOf('#')
  const [address = '', ...all] = (hash < 0 ? line.text : line.text.slice(0, hash)).trim().split(/\s+/)
  if (address === '') return []
  const names = all.filter((name) => !OWN_NAMES.test(name))
  if (all.length > 0 && names.length === 0) return []
  if (all.length === 0) {
    findings.lost(line, parseHost(address).ok ? 'a line of a hosts file has an address and then names' : `\`${address}\` is neither an address nor a name`, 'a file of bare names is one of `domains`: `lists: { name: { domains: FILE } }`')
    return []
  }
  if (!SINKS.has(address)) {
    const own = address === '127.0.1.1'
    findings.lost(line, own ? 'this is the machine\'s own name, not a block' : `this is no block: it says that \`${names.join(' ')}\` is at \`${address}\``, own ? undefined : 'leave it in the hosts file: the proxy asks the system for names, and so keeps it')
    return []
  }
  return names.flatMap((name) => {
    const host = parseHost(octetsFromText(name))
    if (!host.ok) {
      findings.lost(line, `\`${name}\` is no name of a host`)
      return []
    }
    const text = hostText(host.value)
    if (host.value.kind === 'name' && !text.includes('.') && address !== '0.0.0.0' && address !== '0') {
      findings.lost(line, `\`${name}\` has no dot: it is a name of this machine, not a site`)
      return []
    }
    return [text.replace(/^\[|\]$/g, '')]
  })
}

/** The names that the loader finds in the line itself; where they differ from those that are meant, that is told. */
function asItStands(line: SourceLine, blocked: readonly string[], findings: Findings): readonly string[] {
  const text = line.text.trim()
  const read = text === '' || text.startsWith('#') ? [] : (hostsEntries(octetsFromText(text)) ?? [])
  const more = read.filter((name) => !blocked.includes(name))
  const less = blocked.filter((name) => !read.includes(name))
  if (more.length > 0) findings.changed(line, `read from the file as it stands, this blocks \`${more.join(' ')}\``, WRITE)
  if (less.length > 0) findings.lost(line, `read from the file as it stands, this does not block \`${less.join(' ')}\``, WRITE)
  return read
}

const WRITE = 'add `--write FILE`: then a list is written beside the policy, of the blocked names alone'

/** One name a line, headings kept; in an order in which the original is found again. */
function hostsFile(lines: readonly { readonly line: SourceLine; readonly blocked: readonly string[] }[]): string {
  const seen = new Set<string>()
  const out: string[] = []
  for (const { line: { text }, blocked } of lines) {
    if (/^\s*#/.test(text)) out.push(visible(text.trim()))
    for (const name of blocked) {
      if (seen.has(name)) continue
      seen.add(name)
      out.push(`0.0.0.0 ${name}`)
    }
  }
  return `${out.join('\n')}\n`
}
