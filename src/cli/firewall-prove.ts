// `greengate firewall prove`: policy, ruleset, each printed text and the proxy put to every packet that one of them tells apart; with `--live` what
// the kernel has now in place of the texts. Where they disagree, a packet that shows it. Danger prevented: trust in a compiler, or in a load.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Format } from '../firewall/head.ts'
import { renderRuleset } from '../firewall/render.ts'
import { timeText } from '../firewall/standing.ts'
import type { PacketRule } from '../policy/policy.ts'
import { safeId } from '../firewall/rule-id.ts'
import { answerName } from '../proof/chain-path.ts'
import type { Disagreement, Said } from '../proof/prove.ts'
import { UnreadText } from '../proof/unread.ts'
import { proveWhole } from '../proof/whole.ts'
import type { ProofTexts, WholeProof } from '../proof/whole.ts'
import { EXIT, failure } from './exit.ts'
import { kernelGeneration, kernelTexts } from './firewall-live.ts'
import { planOf, planOptions } from './firewall-plan.ts'
import type { Plan, PlanOptions } from './firewall-plan.ts'
import { withBar } from './progress.ts'
import { say, sayJson } from './say.ts'
import { packetJson, packetLine, placeText, simulateWords } from './simulation-text.ts'
import { table } from './table.ts'

interface ProveOptions extends PlanOptions {
  readonly live?: true
  readonly cells: number
  readonly seed: number
  readonly json?: true
}

/** Where not every cell is tried: so many packets by chance for each that was. */
const DRAWN = 0.2
const KEPT = 10

export function countOption(text: string): number {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < 1) throw new InvalidArgumentError('write a number from 1 to 999999999')
  return value
}

function printed({ policy, ruleset }: Plan): ProofTexts {
  const text = (format: Format): string => renderRuleset(policy, ruleset, format, { hash: '', time: '' })
  return { nft: text('nft'), iptables: text('iptables'), ip6tables: text('ip6tables'), live: false }
}

function ruleOf(plan: Plan, by: string): PacketRule | undefined {
  return plan.policy.rules.find((rule) => by === `rule:${safeId(rule.id)}` || by === rule.id)
}

function saidRow(plan: Plan, { name, told: { verdict, by, answer, slowed, more } }: Said): readonly string[] {
  const rule = ruleOf(plan, by)
  const who = rule === undefined ? by : `${rule.id} (${placeText(rule.place)})`
  return [`  ${name}`, `${verdict} by ${who}${answer === undefined ? '' : `, answered with ${answerName(answer)}`}${slowed === true ? ', slowed down' : ''}`, more ?? '']
}

function disagreementText(plan: Plan, { packet, said }: Disagreement): string {
  const [first, ...rest] = said.map((each) => saidRow(plan, each))
  const { now } = plan.facts
  const late = packet.time > now / 1000 ? `, at ${timeText(packet.time * 1000, plan.policy.gateway.timezone)}` : ''
  return `disagree: ${packetLine(packet)}${late}\n${first === undefined ? '' : table(first, rest)}  try it: greengate firewall simulate --policy ${plan.file} ${simulateWords(packet)}\n`
}

function shareText({ share, cells, drawn }: WholeProof, options: ProveOptions): string {
  if (share === 1) return `${cells}: every packet that one of them tells from another`
  return `${cells}, the most that \`--cells\` lets be tried one by one; they are ${(share * 100).toFixed(1)} % of the space. Of the rest ${drawn} packets were drawn by chance, from classes cut at every constant (seed ${options.seed}): tried, not proven`
}

function proofText(plan: Plan, proof: WholeProof, seconds: number, options: ProveOptions): string {
  const { disagreements, more, classes, asked, judges, foreign } = proof
  const found = disagreements.length
  const verdict = found === 0 ? `${proof.share === 1 ? 'proven' : 'not disproven'}: ${judges.join(', ')} agree on verdict and rule` : `disproven: ${found + more} packets on which they disagree${more > 0 ? `, ${found} of them here, one of each kind` : ''}`
  const before = foreign.flatMap((each) => each.before)
  return [
    ...disagreements.map((each) => disagreementText(plan, each)),
    `${verdict}\n`,
    `  cells    ${shareText(proof, options)}\n`,
    `  cut      ${classes.ways} ways through the machine, ${classes.sources} classes of sources, ${classes.macs} of MACs, ${classes.destinations} of destinations, ${classes.services} of services\n`,
    `  asked    ${[...asked].map(([name, count]) => `${name} ${count}`).join(', ')}\n`,
    ...(plan.facts.client === undefined ? [] : ['  not asked: the policy\'s own judgement of packets and the proxy, which speak of a gateway\n']),
    ...(before.length === 0 ? [] : [`  not read: other people's rules that stand before our jump in ${[...new Set(before)].join(', ')}; they decide first\n`]),
    `  time     ${seconds.toFixed(1)} s\n`,
  ].join('')
}

function proofJson(plan: Plan, proof: WholeProof, seconds: number, options: ProveOptions): unknown {
  return {
    agree: proof.disagreements.length === 0, complete: proof.share === 1, cells: proof.cells, share: proof.share, drawn: proof.drawn, seed: options.seed, seconds: Number(seconds.toFixed(3)),
    judges: proof.judges, asked: Object.fromEntries(proof.asked), classes: proof.classes, generation: plan.ruleset.generation,
    disagreements: proof.disagreements.map(({ packet, said }) => ({
      packet: packetJson(packet), simulate: simulateWords(packet), said: said.map(({ name, told }) => ({ who: name, verdict: told.verdict, by: told.by, answer: told.answer === undefined ? undefined : answerName(told.answer), slowed: told.slowed, more: told.more })),
    })),
    more: proof.more, foreign: proof.foreign,
  }
}

/** The rules that the kernel has, and the policy compiled with the generation that they mark. */
async function livePlan(options: ProveOptions): Promise<{ readonly plan: Plan; readonly texts: ProofTexts } | undefined> {
  const read = await kernelTexts()
  if (!read.ok) return void failure(read.problem, read.hint)
  const generation = options.generation ?? kernelGeneration(read.texts)
  const plan = await planOf(generation === undefined ? options : { ...options, generation })
  return plan === undefined ? undefined : { plan, texts: read.texts }
}

async function proveAction(options: ProveOptions): Promise<void> {
  try {
    const live = options.live === true ? await livePlan(options) : undefined
    if (options.live === true && live === undefined) return
    const plan = live?.plan ?? (await planOf(options))
    if (plan === undefined) return
    const began = performance.now()
    const proof = await withBar((step) => proveWhole(plan, live?.texts ?? printed(plan), { most: options.cells, draw: Math.ceil(options.cells * DRAWN), seed: options.seed, keep: KEPT, step }))
    const seconds = (performance.now() - began) / 1000
    if (options.json === true) sayJson(proofJson(plan, proof, seconds, options), 2)
    else say(proofText(plan, proof, seconds, options))
    process.exitCode = proof.disagreements.length === 0 ? EXIT.ok : EXIT.failure
  } catch (error) {
    if (!(error instanceof UnreadText)) throw error
    failure(`the rules cannot be read, so nothing is proven: ${error.message}`, options.live === true ? 'someone has changed our rules: `greengate firewall diff` shows where' : undefined)
  }
}

export function firewallProve(firewall: Command): void {
  planOptions(firewall.command('prove').description('show, packet by packet, that policy, ruleset, each text and the proxy are one'))
    .option('--live', 'prove what the kernel has now, in place of the texts (as root)')
    .option('--cells <n>', 'the most packets that are tried one by one; of what is left a sample', countOption, 2_000_000)
    .option('--seed <n>', 'of the sample', countOption, 1)
    .option('--json', 'as JSON')
    .addHelpText('after', `
Exit code 0: they agree; 1: they do not, or the rules cannot be read.

Examples:
  $ greengate firewall prove --policy office.yaml
  $ sudo greengate firewall prove --policy office.yaml --live`)
    .action(proveAction)
}
