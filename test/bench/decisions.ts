// npm run bench -- decisions: nanoseconds that `decide` and `guard` take together, by number of rules, entries of a list and expressions. No socket is
// open; what is judged is made before the clock starts.
import { parseArgs } from 'node:util'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { decide } from '../../src/decision/decide.ts'
import type { RequestFacts } from '../../src/decision/facts.ts'
import { guard } from '../../src/decision/guard.ts'
import { parseWebAsk } from '../../src/decision/ask.ts'
import { listTables, openList } from '../../src/lists/list.ts'
import type { OpenList } from '../../src/lists/list.ts'
import { ListReader } from '../../src/lists/reader.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { listChunks, policyText } from './policies.ts'
import type { Size } from './policies.ts'
import { median } from './table.ts'

const BASE: Size = { rules: 10, entries: 0, expressions: 2 }
const SIZES: readonly Size[] = [
  BASE,
  { ...BASE, rules: 1_000 }, { ...BASE, rules: 10_000 },
  { ...BASE, entries: 1_000_000 }, { ...BASE, entries: 5_000_000 },
  { ...BASE, expressions: 1_000 },
  { rules: 10_000, entries: 5_000_000, expressions: 1_000 },
]
/** so many requests that no cache of one answer makes them free, and clients as of an office */
const REQUESTS = 4096
const CLIENTS = 64
const WARMING = 3
const ROUNDS = 7
const ROUND_MS = 150

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`no address: ${text}`)
  return parsed
}

const VIA = ip('127.0.0.1')
const PUBLIC = [ip('93.184.215.14')]

function readList(entries: number): OpenList {
  const reader = new ListReader('domains')
  for (const chunk of listChunks(entries)) reader.push(chunk)
  return openList(listTables('many', [{ file: 'many.list', part: reader.end() }]))
}

function compile(size: Size): CompiledPolicy {
  const text = policyText(size, '"*.site.example"').replace(', resolves-to: [127.0.0.0/8]', '')
  const { policy, diagnostics } = parsePolicy(text, 'bench.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const lists = new Map(size.entries === 0 ? [] : [['many', readList(size.entries)]])
  return compilePolicy(policy, { lists, blocks: new Map(), machine: { addresses: [VIA], proxyPort: policy.gateway.proxy.port } })
}

function requests(): readonly RequestFacts[] {
  const clients = Array.from({ length: CLIENTS }, (_, i) => ({ address: ip(`127.0.1.${i + 1}`), mac: undefined }))
  return Array.from({ length: REQUESTS }, (_, i) => {
    const asked = parseWebAsk(`http://www${i}.site.example/articles/2026/${i * 7919}/index.html?from=${i}`, 'GET')
    if (!asked.ok) throw new Error(asked.problem)
    const { method, target, uri, tunnel } = asked.value
    return { client: clients[i % CLIENTS] ?? { address: VIA, mac: undefined }, via: VIA, now: Date.now(), method, target, uri, tunnel, userAgent: 'Mozilla/5.0', contentType: undefined }
  })
}

function once(compiled: CompiledPolicy, all: readonly RequestFacts[]): number {
  let allowed = 0
  for (const facts of all) {
    const leave = decide(compiled, facts)
    if (leave.verdict === 'open' && guard(compiled, leave, PUBLIC).verdict === 'allow') allowed++
  }
  return allowed
}

/** Of this thread's processor: what else the machine does is not in it. */
function nanoseconds(compiled: CompiledPolicy, all: readonly RequestFacts[], roundMs: number): number {
  const start = process.threadCpuUsage()
  const end = performance.now() + roundMs
  let turns = 0
  do {
    // a judgement that says no is another one, and a shorter one
    if (once(compiled, all) !== all.length) throw new Error('a request was denied that the policy of the bench allows')
    turns++
  } while (performance.now() < end)
  const { user, system } = process.threadCpuUsage(start)
  return ((user + system) * 1e3) / turns / all.length
}

export async function decisions(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { scale: { type: 'string', default: '1' } } })
  const scale = Number(values.scale)
  if (!(scale > 0)) throw new Error('bench: decisions takes --scale X')
  const all = requests()
  const subjects = SIZES.map((size) => {
    const start = performance.now()
    const compiled = compile(size)
    return { size, compiled, seconds: (performance.now() - start) / 1000, rounds: [] as number[] }
  })
  // in turn, and what a round costs while the code is still being compiled is thrown away
  for (let round = 0; round < WARMING + ROUNDS; round++) {
    for (const { compiled, rounds } of subjects) {
      const took = nanoseconds(compiled, all, ROUND_MS * scale)
      if (round >= WARMING) rounds.push(took)
    }
  }
  const first = median(subjects[0]?.rounds ?? []) ?? 0
  console.log('| rules | list entries | expressions | ns a decision | ÷ first | made in s |\n|---|---|---|---|---|---|')
  for (const { size, seconds, rounds } of subjects) {
    const took = median(rounds) ?? 0
    console.log(`| ${size.rules} | ${size.entries} | ${size.expressions} | ${took.toFixed(0)} | ${(took / first).toFixed(2)} | ${seconds.toFixed(2)} |`)
  }
}
