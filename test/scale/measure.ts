// The figures of a large policy, by hand: `node test/scale/measure.ts [names] [workers]`. Decisions by size, then a gateway that serves while it
// reloads: how long that takes, how much later its answers come, what memory stays taken after fifty of them.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadPolicy } from '../../src/gateway/load.ts'
import { MACHINE, reload, residentBytes, timeDecisions } from './measuring.ts'
import { LARGE, SMALL, writeNames, writePolicy } from './policy.ts'

const ENTRIES = Number(process.argv[2] ?? LARGE.entries)
const WORKERS = process.argv[3] ?? '1'
const RELOADS = Number(process.env["RELOADS"] ?? 50)
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'gg-scale-'))
const names = join(folder, 'listed.txt')

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function decisions(): Promise<void> {
  for (const [name, size] of [['few', SMALL], ['many', { ...LARGE, entries: ENTRIES }]] as const) {
    const path = await writePolicy(folder, size, name)
    const loaded = await loadPolicy(path, MACHINE)
    if (!loaded.ok) throw new Error(`${name} does not load`)
    console.log(`${size.rules} rules, ${size.entries} names, ${size.expressions} expressions: ${timeDecisions(loaded.compiled, 100_000).toFixed(0)} ns a decision`)
  }
}

interface Served {
  readonly pid: number
  readonly port: number
  readonly pidFile: string
  stop(): Promise<unknown>
}

async function serve(policy: string): Promise<Served> {
  const pidFile = join(folder, 'pid')
  const child = spawn(process.execPath, [MAIN, 'serve', '--policy', policy, '--host', '127.0.0.1', '--port', '0', '--workers', WORKERS, '--pid-file', pidFile, '--event-log', 'none', '--access-log', join(folder, 'access.log')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  let told = ''
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      const found = /listening on \S*?:(\d+)[,\s].*pid \d+$/m.exec(told)?.[1]
      if (found !== undefined) resolve(Number(found))
    })
    void ended.then(() => reject(new Error(told)))
  })
  return { pid: child.pid ?? 0, port, pidFile, stop: () => (child.kill('SIGKILL'), ended) }
}

/** Milliseconds that each refusal took, one asked every five: the gateway alone is measured, no origin. */
async function latencies(port: number, until: Promise<unknown>): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const took: number[] = []
  const asks: Promise<void>[] = []
  let ended = false
  void until.then(() => {
    ended = true
  })
  while (!ended) {
    const began = performance.now()
    asks.push(new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: 'http://refused.example/', agent }, (response) => response.resume().on('end', () => {
        took.push(performance.now() - began)
        resolve()
      })).on('error', reject)
    }))
    await pause(5)
  }
  await Promise.all(asks)
  agent.destroy()
  return took.sort((a, b) => a - b)
}

function told(took: readonly number[]): string {
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? Number.NaN).toFixed(1)
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(0.9999)} ms of ${took.length}`
}

async function reloads(title: string, policy: string, without: number): Promise<void> {
  const { pid, port, pidFile, stop } = await serve(policy)
  try {
    const before = residentBytes(pid)
    console.log(`${title}: ${mib(before)} when it serves, ${mib(before - without)} more than without a list`)
    await latencies(port, pause(1_000))
    console.log(`  quiet: ${told(await latencies(port, pause(3_000)))}`)
    for (let n = 1; n <= 3; n++) {
      utimesSync(names, n, n)
      const began = performance.now()
      const one = reload(pidFile).then(() => performance.now() - began)
      const took = await latencies(port, one)
      console.log(`  a reload with a changed list, ${((await one) / 1000).toFixed(2)} s: ${told(took)}`)
      await pause(1_500)
    }
    for (let n = 0; n < RELOADS; n++) {
      utimesSync(names, n + 10, n + 10)
      if (!(await reload(pidFile)).ok) throw new Error('it does not reload')
    }
    await pause(2_500)
    console.log(`  after ${RELOADS} reloads: ${mib(residentBytes(pid))}`)
  } finally {
    await stop()
  }
}

try {
  await decisions()
  const bare = join(folder, 'bare.yaml')
  const listed = join(folder, 'listed.yaml')
  writeFileSync(bare, 'version: 1\nrules: [ { name: use, action: allow, from: any, to: gateway, services: proxy } ]\n')
  writeFileSync(listed, 'version: 1\nrules: [ { name: use, action: allow, from: any, to: gateway, services: proxy } ]\nlists: { listed: { domains: listed.txt } }\nweb: { rules: [ { name: listed, action: deny, list: listed } ] }\n')
  await writeNames(names, ENTRIES)
  const { pid, stop } = await serve(bare)
  const without = residentBytes(pid)
  await stop()
  await reloads(`${ENTRIES} names`, listed, without)
  await reloads(`${LARGE.rules} rules and ${ENTRIES} names`, join(folder, 'many.yaml'), without)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
