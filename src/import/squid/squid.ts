// Squid's configuration into a policy: `acl` and `http_access` are its rules, `http_port` and `dns_nameservers` where it stands. Danger prevented: a directive that closes something, passed over
// in silence among those of the cache.
import type { Imported } from '../draft.ts'
import { Findings } from '../finding.ts'
import type { SourceLine } from '../finding.ts'
import { joined, linesOf } from '../source.ts'
import type { ImportFile, ImportProblem } from '../source.ts'
import { AccessReader } from './access.ts'
import { Acls } from './acls.ts'

const DIRECTIVE = /^\s*(?:acl|http_access|http_port|include)\s/m
/** What decides or changes requests, and has no place in the policy. */
const DECIDES = /^(?:http_reply_access|adapted_http_access|http_access2|icp_access|htcp_access|miss_access|ssl_bump|sslproxy_cert_error|https_port|auth_param|authenticate_.*|external_acl_type|url_rewrite_.*|store_id_.*|redirect_.*|icap_.*|ecap_.*|adaptation_.*|cache_peer.*|always_direct|never_direct|delay_.*|client_delay_.*|reply_body_max_size|request_body_max_size|reply_header_.*|request_header_.*|tcp_outgoing_.*|follow_x_forwarded_for|deny_info|ident_lookup_access|request_header_max_size|forwarded_for|via)$/
const MOST_DEPTH = 8

interface Words {
  readonly line: SourceLine
  readonly words: readonly string[]
}

/** A `#` begins a comment where a word begins; quotes hold a file's name together. */
function wordsOf(line: SourceLine): Words {
  const words = line.text.match(/"[^"]*"(?=\s|$)|\S+/g) ?? []
  const end = words.findIndex((word) => word.startsWith('#'))
  return { line, words: end < 0 ? words : words.slice(0, end) }
}

function globbed(pattern: string, name: string): boolean {
  const expression = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[^/]*')
  return new RegExp(`^${expression}$`).test(name) || new RegExp(`(?:^|/)${expression.split('/').slice(-2).join('/')}$`).test(name)
}

function readAll(file: ImportFile, files: readonly ImportFile[], findings: Findings, used: Set<ImportFile>, depth = 0): readonly Words[] {
  used.add(file)
  return joined(linesOf(file)).map(wordsOf).flatMap((each) => {
    if (each.words[0] !== 'include') return [each]
    return each.words.slice(1).flatMap((pattern) => {
      const named = files.filter((other) => !used.has(other) && globbed(pattern.replace(/^"|"$/g, ''), other.name))
      if (named.length === 0 || depth > MOST_DEPTH) {
        findings.lost(each.line, `\`${pattern}\` names files that were not given`, 'name them too, or the folder')
        return []
      }
      return named.flatMap((other) => readAll(other, files, findings, used, depth + 1))
    })
  })
}

export function importSquid(files: readonly ImportFile[]): Imported | ImportProblem {
  const findings = new Findings()
  const configs = files.filter(({ text }) => DIRECTIVE.test(text))
  const [main] = configs
  if (main === undefined) return { file: files[0]?.name ?? '', message: 'no line of it is one of Squid\'s configuration', hint: 'name squid.conf, or its folder' }
  const used = new Set<ImportFile>()
  const all = readAll(main, files, findings, used)
  for (const other of configs) if (!used.has(other)) findings.assumed(other.name, 'nothing includes this file: it is not read')
  const acls = new Acls(files.filter((file) => !used.has(file)))
  const access: { readonly line: SourceLine; readonly allow: boolean; readonly names: readonly string[] }[] = []
  let port: number | undefined
  const resolvers: string[] = []
  for (const { line, words: [directive = '', ...rest] } of all) {
    if (directive === 'acl') acls.read(rest)
    else if (directive === 'http_access') {
      const [verb, ...names] = rest
      if (verb === 'allow' || verb === 'deny') access.push({ line, allow: verb === 'allow', names })
      else findings.lost(line, `\`${verb ?? ''}\` is neither allow nor deny`)
    } else if (directive === 'http_port') {
      const [where = '', ...options] = rest
      const found = Number(/(\d+)$/.exec(where)?.[1])
      if (port === undefined && found >= 1 && found <= 65535) port = found
      else findings.lost(line, 'one port is served: the first')
      if (/\D:\d+$|^\d+\.|^\[/.test(where)) findings.changed(line, 'the address to listen on is not in the policy', 'say it with `serve --host ADDR`')
      if (options.length > 0) findings.lost(line, `\`${options.join(' ')}\` has no place in the policy`)
    } else if (directive === 'dns_nameservers') resolvers.push(...rest)
    else if (DECIDES.test(directive)) findings.lost(line, `\`${directive}\` has no place in the policy`)
  }
  const made = new AccessReader(acls, findings).read(access)
  if (access.length === 0) findings.assumed(main.name, 'no `http_access` stands in it: everything is denied')
  if (resolvers.length > 0) findings.assumed(main.name, `its name servers are ${resolvers.join(', ')}`, 'write them as `gateway.resolvers`, where the system\'s are others')
  findings.assumed(main.name, 'destinations that are not public are closed, and a tunnel must be TLS for the name that was asked', 'open them with `resolves-to` in an allow rule; loosen `web.tunnels` where another protocol is meant')
  const count = made.rules.length
  return {
    draft: {
      head: ['Made from the configuration of a Squid. What it cached, logged and tuned is not in it.'],
      name: 'squid',
      gateway: { green: [], red: [], proxyPort: port ?? 3128 },
      addresses: [...made.groups],
      schedules: [...made.schedules],
      rules: [{ name: 'proxy', action: 'allow', from: ['any'], to: ['gateway'], services: ['proxy'], note: 'who may ask at all: the web rules say for what' }],
      web: { default: made.default, ports: made.ports.length === 0 ? [] : made.ports, connectPorts: made.connectPorts, rules: made.rules },
    },
    files: [], findings: findings.all, carried: `${count} ${count === 1 ? 'rule' : 'rules'}`,
  }
}
