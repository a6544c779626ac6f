// `greengate firewall compare OLD NEW`: what a change of the policy newly allows and newly denies, as ranges, each with a packet and the rules
// that decide on both sides. Packets only: what `web` says is the proxy's. Danger prevented: a change that is read as text and means more.
import type { Command } from 'commander'
import { knownAddresses } from '../decision/known.ts'
import { ipFromValue } from '../net/ip.ts'
import type { Family } from '../net/ip.ts'
import { networkSet, parseNetwork, subtract } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import { compareRulesets } from '../proof/compare.ts'
import type { Change, Comparison } from '../proof/compare.ts'
import { modelOfRuleset } from '../proof/from-ruleset.ts'
import { SOURCE_PORT } from '../proof/packet.ts'
import type { Packet } from '../proof/packet.ts'
import { addressWords, macWords, serviceWords } from '../proof/sets-text.ts'
import type { Named } from '../proof/sets-text.ts'
import { simulate } from '../proof/simulate.ts'
import type { Simulation } from '../proof/simulate.ts'
import { worldOf } from '../proof/world.ts'
import { EXIT, usageError } from './exit.ts'
import { countOption } from './firewall-prove.ts'
import { planOf, planOptions } from './firewall-plan.ts'
import type { Plan, PlanOptions } from './firewall-plan.ts'
import { say, sayJson } from './say.ts'
import { packetJson, placeText, simulateWords, verdictLine } from './simulation-text.ts'

interface CompareOptions extends PlanOptions {
  readonly cells: number
  readonly seed: number
  readonly json?: true
}

/** Where not every cell is tried: so many packets by chance for each that was. */
const DRAWN = 0.2
/** So many ranges are told to a person; `--json` has them all. */
const SHOWN = 8

function rangesOf(...texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => {
    const parsed = parseNetwork(text)
    return parsed.ok ? [parsed.range] : []
  })
}

/** From where neighbours speak beside their networks. */
const LINK = networkSet(rangesOf('fe80::/10', '::'))
/** Over a wire nobody is, or asks for, these. */
const OFF_WIRE = networkSet(rangesOf('127.0.0.0/8', '::1', '0.0.0.0', '::'))

interface Told {
  readonly services: readonly string[]
  readonly from: readonly string[]
  readonly macs: readonly string[]
  readonly in: readonly string[]
  readonly to: readonly string[]
  readonly out: readonly string[]
  readonly users: readonly number[] | undefined
  /** where only some are meant: the DHCP client's 68 */
  readonly sourcePorts: readonly number[] | undefined
}

/** Names that say more than ranges do: those of the policies and the known ones. */
function namesOf(plans: readonly Plan[], family: Family): readonly Named[] {
  const own = (set: { readonly ranges: Named[1]['ranges'] }): Named[1] => networkSet(set.ranges.filter((range) => range.family === family))
  return plans.toReversed().flatMap(({ policy, compiled }) => {
    const known = knownAddresses(policy, compiled.machine)
    const groups = [...policy.addresses].filter(([, set]) => !set.any && !set.green && !set.internet && !set.gateway && set.macs.length + set.pins.length === 0).map(([name, set]): Named => [name, own(set)])
    const gateway = subtract(known.own, OFF_WIRE)
    // no client has the gateway's address
    return [...groups, ['green', own(subtract(known.green, known.own))], ['green', own(known.green)], ['neighbours on the link', own(subtract(LINK, known.own))], ['internet', own(known.internet)], ['the gateway', own(gateway)]] satisfies readonly Named[]
  })
}

function toldOf(plans: readonly Plan[], { space }: Comparison, { box, ways }: Change): Told {
  const family = ways[0]?.family ?? 4
  const named = namesOf(plans, family)
  const distinct = (names: readonly string[]): readonly string[] => [...new Set(names.filter((name) => name !== ''))]
  return {
    services: serviceWords(box.service, family, space.services[family].flatMap(({ of }) => of.pieces)),
    from: addressWords(box.source, family, space.sources[family].flatMap(({ of }) => of.pieces), named),
    macs: macWords(box.mac),
    in: distinct(ways.map((way) => way.in)),
    to: addressWords(box.destination, family, ways.flatMap((way) => space.destinationsOf(way)).flatMap(({ of }) => of.pieces), named),
    out: distinct(ways.map((way) => way.out)),
    users: box.uids === undefined ? undefined : [...box.uids],
    sourcePorts: box.sourcePorts === undefined || box.sourcePorts.has(SOURCE_PORT) ? undefined : [...box.sourcePorts],
  }
}

function listText(words: readonly string[]): string {
  return words.length <= SHOWN ? words.join(', ') : `${words.slice(0, SHOWN).join(', ')} and ${words.length - SHOWN} more`
}

class Sides {
  readonly #sides: readonly { readonly plan: Plan; readonly model: ReturnType<typeof modelOfRuleset> }[]

  constructor(plans: readonly Plan[]) {
    this.#sides = plans.map((plan) => ({ plan, model: modelOfRuleset(plan.ruleset) }))
  }

  decided(packet: Packet): readonly Simulation[] {
    return this.#sides.map(({ plan, model }) => simulate(model, plan.policy, plan.facts, packet))
  }
}

function changeText(change: Change, told: Told, [before, after]: readonly Simulation[]): string {
  const { ways, packet, kind } = change
  const family = ways[0]?.family ?? 4
  const own = told.in.length === 0
  const who = `${listText(told.from)}${told.macs.length === 0 ? '' : `, ${listText(told.macs)}`}${own ? ' (the gateway itself)' : `, through ${told.in.join(', ')}`}`
  const rows = [
    ['from', `${who}${told.users === undefined ? '' : `, users like ${told.users.join(', ')}`}`],
    ['to', `${listText(told.to)}${told.out.length === 0 ? '' : `, through ${told.out.join(', ')}`}`],
    ['before', before === undefined ? '' : verdictLine(before)],
    ['now', after === undefined ? '' : verdictLine(after)],
    ['such as', simulateWords(packet)],
  ]
  return `newly ${kind}, IPv${family}: ${listText(told.services)}${told.sourcePorts === undefined ? '' : ` from port ${told.sourcePorts.join(', ')}`}\n${rows.map(([name = '', text = '']) => `  ${name.padEnd(8)} ${text}\n`).join('')}`
}

function tailText(comparison: Comparison, options: CompareOptions): string {
  const { changes, cells, drawn, share } = comparison
  const count = (kind: Change['kind']): number => changes.filter((change) => change.kind === kind).length
  const told = changes.length === 0 ? 'nothing is newly allowed or newly denied' : `${count('allowed')} newly allowed, ${count('denied')} newly denied`
  const whole = share === 1 ? `${cells} cells: every packet that opens a flow and that one of them tells from another` : `${cells} cells, the most that \`--cells\` lets be tried one by one, ${(share * 100).toFixed(1)} % of the space; of the rest ${drawn} packets were drawn by chance (seed ${options.seed}): there may be more`
  return `${told}\n  ${whole}\n`
}

function changeJson(change: Change, told: Told, [before, after]: readonly Simulation[]): unknown {
  const side = (simulation: Simulation | undefined): unknown => (simulation === undefined ? undefined : { verdict: simulation.verdict, rule: simulation.rule, line: simulation.line, place: simulation.place === undefined ? undefined : placeText(simulation.place) })
  return {
    change: change.kind, family: change.ways[0]?.family, hooks: [...new Set(change.ways.map(({ hook }) => hook))], ...told, before: side(before), now: side(after),
    example: { packet: packetJson(change.packet), simulate: simulateWords(change.packet) },
  }
}

/** The addresses of the machine, and those that the gateway has by either policy. */
function jointWorld(before: Plan, after: Plan): ReturnType<typeof worldOf> {
  const own = before.policy.gateway.green.map(({ family, address }) => ipFromValue(family, address))
  return worldOf(after.policy, [...after.facts.ownAddresses, ...own])
}

async function compareAction(oldFile: string, newFile: string, options: CompareOptions): Promise<void> {
  if (options.policy !== undefined) return usageError('`--policy` is neither the old nor the new one', 'write both as arguments: `greengate firewall compare OLD NEW`')
  const before = await planOf(options, oldFile)
  const after = before === undefined ? undefined : await planOf(options, newFile)
  if (before === undefined || after === undefined) return
  const comparison = compareRulesets(before.ruleset, after.ruleset, jointWorld(before, after), { most: options.cells, draw: Math.ceil(options.cells * DRAWN), seed: options.seed, keep: 0 })
  const sides = new Sides([before, after])
  const order = ({ kind, ways }: Change): number => (kind === 'allowed' ? 0 : 2) + (ways[0]?.family === 6 ? 1 : 0)
  const changes = comparison.changes.toSorted((a, b) => order(a) - order(b)).map((change) => ({ change, told: toldOf([before, after], comparison, change), decided: sides.decided(change.packet) }))
  if (options.json === true) {
    const { cells, drawn, share } = comparison
    sayJson({ old: oldFile, new: newFile, changes: changes.map(({ change, told, decided }) => changeJson(change, told, decided)), complete: share === 1, cells, drawn, share, seed: options.seed }, 2)
  } else say(`${changes.map(({ change, told, decided }) => `${changeText(change, told, decided)}\n`).join('')}${tailText(comparison, options)}`)
  process.exitCode = EXIT.ok
}

export function firewallCompare(firewall: Command): void {
  planOptions(firewall.command('compare').description('tell what one policy newly allows and newly denies beside another'))
    .argument('<old>', 'the policy from before')
    .argument('<new>', 'the policy that is to be')
    .option('--cells <n>', 'the most packets that are tried one by one; of what is left a sample', countOption, 2_000_000)
    .option('--seed <n>', 'of the sample', countOption, 1)
    .option('--json', 'as JSON')
    .addHelpText('after', `
Packets that open a flow; what the proxy does with requests is not compared.

Example:
  $ greengate firewall compare before.yaml office.yaml
  $ git show HEAD:office.yaml > before.yaml && greengate firewall compare before.yaml office.yaml`)
    .action(compareAction)
}
