// A drill on one screen: a place to try from, one client after the other, every way out, every door of the gateway, the proxy; then what came of it.
// Danger prevented: an apply that is confirmed because the rules are the compiled ones, and nobody tried whether they hold.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { Ip } from '../../net/ip.ts'
import { NOTHING } from '../../net/network.ts'
import { toolEnvironment } from '../../kernel/tool-environment.ts'
import type { Scratch } from '../../kernel/scratch.ts'
import type { OwnRules } from '../own-rules.ts'
import { DRILL_NETWORKS, Targets, attemptsIn, attemptsOut, drillIp } from './attempts.ts'
import type { Attempt } from './attempts.ts'
import { Capture } from './capture.ts'
import { MOST_CLIENTS, drillClients } from './client.ts'
import type { DrillClient } from './client.ts'
import { Lab } from './lab.ts'
import type { Place } from './place.ts'
import { proxyAttempts, scoreProxy } from './proxy.ts'
import { scoreAttempt } from './score.ts'
import type { Scored } from './score.ts'
import type { Probe, ProbeResult } from './send.ts'
import { GATEWAY_PORTS } from './ways.ts'
import type { Disguise } from './ways.ts'

export interface DrillWork {
  /** compiled for the machine that is drilled: in a lab, for `labPlan`'s addresses */
  readonly compiled: CompiledPolicy
  readonly rules: OwnRules
  readonly now: number
  /** the words that start this program, and the policy's file for a proxy; absent: no proxy is tried */
  readonly self: readonly string[]
  readonly file: string
  /** only these, where given */
  readonly clients?: readonly DrillClient[]
}

export interface Drilled {
  readonly scored: readonly Scored[]
  /** what was not tried, told */
  readonly notes: readonly string[]
}

/** A green client of a network that has no IPv6 gives itself an address. */
export const STRANGER6 = drillIp('fd67:6767::99')
const FOREIGN: readonly Disguise[] = [{ title: 'an address of nobody\'s', source: drillIp('10.67.67.67') }, { title: 'an address of nobody\'s', source: drillIp('fd99:6767::1') }]

function disguisesOf(compiled: CompiledPolicy, own: readonly Ip[]): readonly Disguise[] {
  return [...own.map((source) => ({ title: 'the gateway\'s own address', source })), ...FOREIGN.filter(({ source }) => !compiled.known.green.has(source))]
}

async function send(self: readonly string[], space: Scratch, probes: readonly Probe[]): Promise<readonly ProbeResult[]> {
  const [command = '', ...args] = self
  const ran = await space.run(command, [...args, 'firewall', 'drill-send'], JSON.stringify(probes))
  const parsed: unknown = ran.code === 0 ? JSON.parse(ran.out) : undefined
  if (!Array.isArray(parsed) || parsed.length !== probes.length) throw new Error(`the drill's sender: ${ran.err.trim()}`)
  return parsed.map(String)
}

function startInside(self: readonly string[], space: Scratch, args: readonly string[]): ChildProcess {
  const [program = '', ...words] = self
  const [command, all] = space.inside(program, [...words, ...args])
  return spawn(command, all, { stdio: ['ignore', 'ignore', 'ignore'], env: toolEnvironment(), cwd: process.cwd() })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

const READY_TRIES = 60

/** Whether somebody answers at the gateway's own port, asked from the gateway itself. */
async function answers(self: readonly string[], space: Scratch, to: Ip, port: number): Promise<boolean> {
  for (let tries = 0; tries < READY_TRIES; tries++) {
    const [result] = await send(self, space, [{ kind: 'tcp', to: to.text, port }])
    if (result === 'connected') return true
    await sleep(200)
  }
  return false
}

export async function tryClient(work: Omit<DrillWork, 'rules'>, place: Place, capture: Capture, targets: Targets, client: DrillClient, via: Ip | undefined): Promise<readonly Scored[]> {
  const { compiled, now, self } = work
  const disguises = disguisesOf(compiled, place.own)
  const out = attemptsOut(compiled, client, disguises, targets, now)
  await place.become(client, disguises.map(({ source }) => source), out.flatMap(({ rewrite }) => rewrite ?? []))
  const left = await send(self, place.client, out.map(({ probe }) => probe))
  await capture.settle()
  // without its disguises: a client that has the gateway's address would speak to itself
  const into = place.twoWays ? attemptsIn(compiled, client, place.own.filter(({ family }) => family === 4), now) : []
  const asked = via === undefined ? [] : proxyAttempts(compiled, client, via, now)
  await place.become(client, [], [])
  const results = await send(self, place.client, [...into, ...asked].map(({ probe }) => probe))
  const score = (attempt: Attempt, result: ProbeResult | undefined): Scored => scoreAttempt(compiled, attempt, result ?? 'failed', capture.seen)
  return [
    ...out.map((attempt, index) => score(attempt, left[index])), ...into.map((attempt, index) => score(attempt, results[index])),
    ...asked.map((attempt, index) => scoreProxy(compiled, attempt, results[into.length + index] ?? 'failed')),
  ]
}

/** Throws LabError where there can be no lab. */
export async function drillInLab(work: DrillWork): Promise<Drilled> {
  const { compiled, self } = work
  const { policy } = compiled
  const all = work.clients ?? drillClients(compiled, STRANGER6)
  const clients = all.slice(0, MOST_CLIENTS)
  const notes = all.length > clients.length ? [`${all.length - clients.length} groups were not tried: ${all.slice(clients.length).map(({ name }) => name).join(', ')} (\`--client\` tries one)`] : []
  const lab = await Lab.open(policy.gateway, work.rules)
  const folder = mkdtempSync(join(tmpdir(), 'greengate-drill-'))
  const children: ChildProcess[] = []
  let capture: Capture | undefined
  try {
    const { space, redInterface, own } = lab.gateway
    capture = await Capture.start((command, args) => space.inside(command, args), redInterface, DRILL_NETWORKS)
    const ports = [...new Set([...GATEWAY_PORTS, ...(policy.gateway.admin?.ports ?? [445, 222])])].filter((port) => port !== compiled.machine.proxyPort)
    children.push(startInside(self, space, ['firewall', 'drill-send', '--listen', ports.join(',')]))
    children.push(startInside(self, space, ['serve', '--policy', work.file, '--workers', '1', '--event-log', 'none', '--pid-file', join(folder, 'drill.pid')]))
    const green = own.find(({ family }) => family === 4) ?? own[0]
    const [listens = 0] = ports
    if (green === undefined || !(await answers(self, space, green, listens))) throw new Error('nobody listens in the lab')
    const proxy = await answers(self, space, green, compiled.machine.proxyPort)
    if (!proxy) notes.push('the proxy did not start in the lab: its ways were not tried')
    const targets = new Targets(compiled, NOTHING)
    const scored: Scored[] = []
    for (const client of clients) scored.push(...(await tryClient(work, lab, capture, targets, client, proxy ? green : undefined)))
    return { scored, notes }
  } finally {
    await Promise.all(children.map(end))
    await capture?.stop()
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
