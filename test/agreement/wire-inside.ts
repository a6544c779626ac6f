// One shipped policy on the wire: run inside `unshare --net --mount` with the policy's path. A real gateway stands between a namespace
// of clients and one in which every address answers; what comes back, and by which rule, is what the judge says of the same case.
import t from 'tap'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { loadPolicy } from '../../src/gateway/load.ts'
import { machineNow } from '../../src/gateway/machine.ts'
import { parseMac } from '../../src/net/mac.ts'
import { hostText, parseAuthority } from '../../src/net/target.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { ipFromValue } from '../../src/net/ip.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGateway } from '../programs/gateway.ts'
import type { RunningGateway } from '../programs/gateway.ts'
import { address, byExplain, byProxy, headOf } from './three-ways.ts'
import type { Verdict } from './three-ways.ts'
import { cases } from './cases.ts'
import type { Case } from './cases.ts'
import { surroundings } from './stage.ts'
import type { Surroundings } from './stage.ts'

const SEED = Number(process.env['GREENGATE_SEED'] ?? 20_260_907)
const COUNT = 80
const file = process.argv[2] ?? ''
const LOOPBACK = ['127.0.0.1', '127.0.0.2', '127.1.2.3', '::1']

await t.test(file, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'greengate-wire-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const first = await loadPolicy(file, machineNow(800))
  if (!first.ok) return t.fail(`does not load: ${first.diagnostics[0]?.message}`)
  const { policy } = first.compiled
  const asked = askable(policy)
  const around = await surroundings(policy, [...new Set(asked.map((one) => one.client))].filter((client) => !LOOPBACK.includes(client)), hostsFile(asked), folder)
  t.teardown(() => around.close())
  const green = policy.gateway.green.map(({ family, address }) => ipFromValue(family, address).text)
  const gateway = await startGateway(t, { file }, ['127.0.0.1', '::1', ...green])

  // judged on this machine as it is now, with its addresses
  const loaded = await loadPolicy(file, machineNow(gateway.port))
  if (!loaded.ok) return t.fail('does not load any more')
  const apart: string[] = []
  const counted = new Map<string, number>()
  for (const one of asked) {
    const now = { ...one, at: Date.now(), mac: LOOPBACK.includes(one.client) ? undefined : parseMac(around.mac) }
    const expected = byProxy(loaded.compiled, now)
    const got = await onTheWire(gateway, around, loaded.compiled, now)
    const what = 'fault' in got ? got.fault : `${got.verdict} by ${got.by}`
    counted.set(what, (counted.get(what) ?? 0) + 1)
    if ('fault' in expected ? !('fault' in got) : JSON.stringify(got) !== JSON.stringify(expected)) apart.push(`wire ${JSON.stringify(got)}, judge ${JSON.stringify(expected)}: ${JSON.stringify(now)}`)
    const explained = byExplain(loaded.compiled, now)
    if (one.responseType === undefined && !('fault' in explained) && JSON.stringify(got) !== JSON.stringify(explained)) apart.push(`wire ${JSON.stringify(got)}, explain ${JSON.stringify(explained)}: ${JSON.stringify(now)}`)
  }
  t.same(apart.slice(0, 5), [], `${asked.length} requests, each as judged (seed ${SEED})`)
  t.ok(counted.size >= 3, `they reach several rules: ${[...counted].map(([what, count]) => `${what} ${count}`).join(', ')}`)
})

/** Cases from clients that can stand on the green side or on this machine, where each name resolves to the same addresses throughout. */
function askable(policy: Policy): Case[] {
  const known = new Map<string, readonly string[]>([['localhost', ['127.0.0.1', '::1']]])
  const found: Case[] = []
  for (const one of cases(policy, SEED, COUNT * 6)) {
    const client = standing(policy, one.client)
    const name = nameOf(one)
    if (client === undefined || name === undefined) continue
    const addresses = name === '' ? one.addresses : (known.get(name) ?? one.addresses)
    if (name !== '') known.set(name, addresses)
    found.push({ ...one, client, addresses })
    if (found.length === COUNT) break
  }
  return found
}

function standing(policy: Policy, text: string): string | undefined {
  const client = address(text)
  if (/^127\.|^::1$/.test(text)) return LOOPBACK[Number(client.value % BigInt(LOOPBACK.length))]
  const within = policy.gateway.green.some(({ family, network, address: own }) => family === 4 && client.family === 4 && client.value > network.first && client.value < network.last && client.value !== own)
  return within ? text : undefined
}

/** Canonical; empty for a number, undefined for what is no target at all. */
function nameOf(one: Case): string | undefined {
  const authority = one.method === 'CONNECT' ? one.target : (/^http:\/\/([^/?#]*)/.exec(one.target)?.[1] ?? '')
  const target = parseAuthority(authority, 80)
  if (!target.ok) return undefined
  return target.value.host.kind === 'name' ? hostText(target.value.host) : ''
}

function hostsFile(asked: readonly Case[]): string {
  const lines = new Set(['127.0.0.1 localhost', '::1 localhost'])
  for (const one of asked) {
    const name = nameOf(one)
    if (name !== undefined && name !== '' && name !== 'localhost') for (const each of one.addresses) lines.add(`${each} ${name}`)
  }
  return `${[...lines].join('\n')}\n`
}

async function onTheWire(gateway: RunningGateway, around: Surroundings, compiled: CompiledPolicy, one: Case): Promise<Verdict | { readonly fault: string }> {
  const green = compiled.policy.gateway.green.find(({ family }) => family === 4)
  const proxy = one.client === '::1' ? '::1' : one.client.startsWith('127.') || green === undefined ? '127.0.0.1' : ipFromValue(4, green.address).text
  for (;;) {
    const answer = await around.ask({ client: one.client, proxy, port: gateway.port, head: headOf(one) })
    if (answer.status === 429) {
      await sleep(1_100)
      continue
    }
    if (answer.status === 403) return { verdict: 'deny', by: answer.rule }
    if (answer.status !== 200) return { fault: `${answer.status} ${answer.rule}` }
    if (one.method !== 'CONNECT' && !answer.origin) return { fault: 'an answer that is not the origin\'s' }
    const found = (line: { readonly [field: string]: unknown }): boolean => line['client'] === one.client && line['clientPort'] === answer.clientPort
    const records = await gateway.records((all) => all.some(found))
    const record = records.find(found)
    return record === undefined ? { fault: 'no record' } : { verdict: 'allow', by: record.rule ?? '' }
  }
}
