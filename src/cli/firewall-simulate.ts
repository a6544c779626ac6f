// `greengate firewall simulate`: what would become of a packet, by which rule, on which way through the chains; and of many in a file, with
// what is expected of each. It changes nothing and needs no kernel. Danger prevented: rules that are tried on the people behind them.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { readMend, whyUnread } from '../gateway/file-fault.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { markOf, modelOfRuleset } from '../proof/from-ruleset.ts'
import type { Model } from '../proof/model.ts'
import type { Packet } from '../proof/packet.ts'
import { packetOf } from '../proof/question.ts'
import type { PacketQuestion } from '../proof/question.ts'
import { simulate } from '../proof/simulate.ts'
import type { Simulation } from '../proof/simulate.ts'
import { worldOf } from '../proof/world.ts'
import { EXIT, failure, usageError } from './exit.ts'
import { planOf, planOptions } from './firewall-plan.ts'
import type { Plan, PlanOptions } from './firewall-plan.ts'
import { macOption, socketAddressOption } from './options.ts'
import { STATES, askedLine, questionsOf } from './packet-question.ts'
import type { AskedState, Expected } from './packet-question.ts'
import { say, sayJson } from './say.ts'
import { packetLine, pathText, placeText, simulationJson, verdictLine } from './simulation-text.ts'
import { table } from './table.ts'

interface SimulateOptions extends PlanOptions {
  readonly from?: Ip
  readonly mac?: Mac
  readonly in?: string
  readonly state?: AskedState
  readonly uid?: number
  readonly file?: string
  readonly json?: true
}

interface Simulated {
  readonly packet: Packet
  readonly simulation: Simulation
}

interface Row extends Simulated {
  readonly expected: Expected | undefined
  readonly line: number
}

class Simulator {
  readonly #plan: Plan
  readonly #model: Model

  constructor(plan: Plan) {
    this.#plan = plan
    this.#model = modelOfRuleset(plan.ruleset)
  }

  run(question: PacketQuestion): Simulated {
    const { policy, facts } = this.#plan
    const packet = packetOf(worldOf(policy, facts.ownAddresses), question)
    return { packet, simulation: simulate(this.#model, policy, facts, packet) }
  }
}

function uidOption(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('write the number of a user, like 13')
  return Number(text)
}

function one(plan: Plan, words: readonly string[], options: SimulateOptions, from: Ip): void {
  const { mac, in: entry, state, uid } = options
  const said = { from, ...(mac === undefined ? {} : { mac }), ...(entry === undefined ? {} : { in: entry }), ...(state === undefined ? {} : { state }), ...(uid === undefined ? {} : { uid }) }
  const questions = questionsOf(plan.policy, plan.facts.proxyPort, words.join(' ').trim().split(/\s+/), said, markOf(plan.ruleset.generation))
  if (typeof questions === 'string') return usageError(questions, '`greengate firewall simulate --help` has an example')
  const simulator = new Simulator(plan)
  const told = questions.map((question) => simulator.run(question))
  if (options.json === true) sayJson(told.length === 1 && told[0] !== undefined ? simulationJson(told[0].packet, told[0].simulation) : told.map(({ packet, simulation }) => simulationJson(packet, simulation)), 2)
  else say(told.map(({ packet, simulation }) => `${verdictLine(simulation)}\n  ${packetLine(packet)}\n\nchain path:\n${pathText(simulation.path)}`).join('\n'))
  process.exitCode = told.every(({ simulation }) => simulation.verdict === 'accept') ? EXIT.ok : EXIT.denied
}

function differs({ simulation, expected }: Row): boolean {
  if (expected === undefined) return false
  const verdict = expected.verdict === 'deny' ? simulation.verdict !== 'accept' : expected.verdict === simulation.verdict
  return !verdict || (expected.rule !== undefined && expected.rule !== simulation.rule)
}

function rowOf(row: Row): readonly string[] {
  const { simulation: { verdict, rule, place, line }, packet, expected } = row
  const wrong = differs(row) ? `expected ${expected?.verdict ?? ''}${expected?.rule === undefined ? '' : ` by ${expected.rule}`}` : ''
  return [String(row.line), verdict, rule, place === undefined ? (line === undefined ? '-' : `gg:${line}`) : placeText(place), packetLine(packet), wrong]
}

async function textOf(file: string): Promise<string> {
  if (file !== '-') return await readFile(file, 'utf8')
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

async function many(plan: Plan, file: string, json: boolean): Promise<void> {
  let text: string
  try {
    text = await textOf(file)
  } catch (error) {
    return failure(`\`${file}\` cannot be read: ${whyUnread(error)}`, readMend(error, '--file FILE'))
  }
  const simulator = new Simulator(plan)
  const rows: Row[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const asked = askedLine(plan.policy, plan.facts.proxyPort, line, markOf(plan.ruleset.generation))
    if (asked === undefined) continue
    if (!asked.ok) return usageError(`${file}:${index + 1}: ${asked.problem}`, 'a line is `--from ADDR [--mac MAC] [--in IF] PROTO/PORT ADDRESS [=> VERDICT [RULE]]`')
    for (const question of asked.asked.questions) rows.push({ ...simulator.run(question), expected: asked.asked.expected, line: index + 1 })
  }
  const wrong = rows.filter(differs)
  if (json) {
    sayJson(rows.map((row) => ({ row: row.line, ...(row.expected === undefined ? {} : { expected: row.expected, asExpected: !differs(row) }), ...simulationJson(row.packet, row.simulation) })), 2)
  } else {
    const expecting = rows.filter(({ expected }) => expected !== undefined).length
    say(`${table(['line', 'verdict', 'rule', 'place', 'packet', ''], rows.map(rowOf))}${rows.length} packets${expecting === 0 ? '' : `, ${expecting - wrong.length} of ${expecting} as expected`}\n`)
  }
  process.exitCode = wrong.length > 0 ? EXIT.failure : EXIT.ok
}

async function simulateAction(words: readonly string[], options: SimulateOptions): Promise<void> {
  const { from, file } = options
  if (file !== undefined && (words.length > 0 || from !== undefined)) return usageError('`--file` has packets of its own', 'leave `--from` and the packet out')
  if (file === undefined && (words.length === 0 || from === undefined)) return usageError('a packet needs a sender and a target', 'write `--from 192.168.51.5 tcp/25 203.0.113.9`, or `--file FILE`')
  const plan = await planOf(options)
  if (plan === undefined) return
  if (file !== undefined) return many(plan, file, options.json === true)
  if (from !== undefined) one(plan, words, options, from)
}

export function firewallSimulate(firewall: Command): void {
  planOptions(firewall.command('simulate').description('tell what becomes of a packet: the verdict, the rule, the way through the chains'))
    .argument('[packet...]', 'PROTO/PORT ADDRESS')
    .option('--from <addr>', 'the sender', socketAddressOption)
    .option('--mac <mac>', "the sender's MAC", macOption)
    .option('--in <interface>', 'where it comes in (default: where such a sender is expected)')
    .addOption(new Option('--state <state>', 'what the kernel knows of its flow (default: that of a first packet)').choices(STATES))
    .option('--uid <n>', 'of what the machine sends itself: who sends it (default: 0)', uidOption)
    .option('--file <file>', 'packets, one a line, with `=> VERDICT [RULE]` where one is expected; `-`: from standard input')
    .option('--json', 'as JSON')
    .addHelpText('after', `
Exit code 0: accepted, 3: dropped or rejected; with --file, 1 where one is not as expected.

Examples:
  $ greengate firewall simulate --policy office.yaml --from 192.168.51.5 tcp/25 203.0.113.9
  $ greengate firewall simulate --policy office.yaml --from 203.0.113.9 --in eth1 tcp/445 192.168.51.254
  $ echo '192.168.51.5 tcp/25 203.0.113.9 => accept mail' | greengate firewall simulate --policy office.yaml --file -`)
    .action(simulateAction)
}
