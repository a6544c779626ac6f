// What an import makes, loaded by the loader of the gateway and asked: packets and requests in one line each, `from what to`. So an imported policy is
// held to what its original said, and not to the text that came out.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parsePacketAsk, parseWebAsk } from '../../src/decision/ask.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { nearestVia } from '../../src/decision/nearest-via.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { ask } from '../../src/decision/question.ts'
import { loadPolicy } from '../../src/gateway/load.ts'
import { policyText } from '../../src/import/draft.ts'
import type { Imported } from '../../src/import/draft.ts'
import type { Finding } from '../../src/import/finding.ts'
import type { ImportFile, ImportProblem } from '../../src/import/source.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseMac } from '../../src/net/mac.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'

export function file(name: string, ...lines: readonly string[]): ImportFile {
  return { name, text: lines.join('\n') }
}

export function made(result: Imported | ImportProblem): Imported {
  if (!('draft' in result)) throw new Error(`${result.file}: ${result.message}`)
  return result
}

export function problem(result: Imported | ImportProblem): string {
  if ('draft' in result) throw new Error('a policy was made of it')
  return `${result.file}: ${result.message}`
}

/** `rules:12 a source port` and the like, of one kind. */
export function told(findings: readonly Finding[], kind: Finding['kind']): string[] {
  return findings.filter((each) => each.kind === kind).map(({ origin, message }) => `${origin.file}:${origin.line} ${message}`)
}

export interface Judge {
  readonly text: string
  readonly compiled: CompiledPolicy
  readonly warnings: readonly string[]
  /** `192.168.51.9 tcp/25 203.0.113.5` → `accept mail`; `gateway` for the gateway itself; a MAC behind a comma */
  packet(row: string): string
  /** `127.0.0.1 GET http://ads.example/` → `deny hosts` */
  request(row: string): string
}

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

interface Teardown {
  teardown(run: () => unknown): void
}

/** Throws where the loader refuses it. */
export async function judge(t: Teardown, imported: Imported): Promise<Judge> {
  const folder = mkdtempSync(join(tmpdir(), 'gg-import-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const text = policyText(imported.draft)
  const path = join(folder, 'policy.yaml')
  writeFileSync(path, text)
  for (const each of imported.files) {
    mkdirSync(dirname(join(folder, each.path)), { recursive: true })
    writeFileSync(join(folder, each.path), each.text)
  }
  const loaded = await loadPolicy(path, { addresses: [ip('127.0.0.1')], proxyPort: 0 }, { lint: true })
  if (!loaded.ok) throw new Error(`${loaded.diagnostics.map(renderDiagnostic).join('\n')}\n${text}`)
  const { compiled } = loaded
  return {
    text, compiled, warnings: loaded.diagnostics.map(({ code }) => code),
    packet(row) {
      const [who = '', what = '', to = ''] = row.split(/\s+/)
      const [address = '', mac] = who.split(',')
      const packets = parsePacketAsk(compiled.policy, compiled.machine.proxyPort, what, to)
      if (!packets.ok) throw new Error(`${row}: ${packets.problem}`)
      const said = packets.value.map((each) => {
        const { action, cause } = decidePacket(compiled, { from: address === 'gateway' ? 'gateway' : { address: ip(address), mac: mac === undefined ? undefined : parseMac(mac) }, now: 0, ...each })
        return `${action} ${cause.by}`
      })
      return [...new Set(said)].join(' | ')
    },
    request(row) {
      const [address = '', method = '', url = ''] = row.split(/\s+/)
      const asked = parseWebAsk(url, method)
      if (!asked.ok) throw new Error(`${row}: ${asked.problem}`)
      const client = { address: ip(address), mac: undefined }
      const { target, uri, tunnel } = asked.value
      const got = ask(compiled, { facts: { client, via: nearestVia(compiled, client.address), now: 0, method, target, uri, tunnel, userAgent: undefined, contentType: undefined }, addresses: undefined, responseType: undefined, serverName: undefined }, false, undefined)
      return `${got.verdict} ${got.cause.by}`
    },
  }
}

/** Rows of `question => answer`; what came out in place of the answers. */
export function rows(ask: (question: string) => string, table: string): readonly (readonly [got: string, wanted: string])[] {
  return table.trim().split('\n').map((line) => {
    const [question = '', wanted = ''] = line.split('=>').map((part) => part.trim())
    return [`${question} => ${ask(question)}`, `${question} => ${wanted}`]
  })
}
