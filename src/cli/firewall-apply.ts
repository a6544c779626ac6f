// `greengate firewall apply`: the policy into the kernel and into the running proxy, as one, and back again when nobody confirms.
import type { Command } from 'commander'
import { lint } from '../decision/lint.ts'
import { besideOf } from '../firewall/beside.ts'
import { compileRuleset } from '../firewall/compile.ts'
import { closedRuleset } from '../firewall/closed.ts'
import { noteText } from '../firewall/unsaid.ts'
import { findGateway, settleInProxy, takeProxyBack, tryInProxy } from '../gateway/plane-proxy.ts'
import type { Found } from '../gateway/plane-proxy.ts'
import { apply, waitForEnd } from '../plane/apply.ts'
import type { Applied, Step, Work } from '../plane/apply.ts'
import { clientJudge, gatewayJudge } from '../plane/flow-judge.ts'
import type { FlowJudge } from '../plane/flow-judge.ts'
import { newGeneration } from '../plane/new-generation.ts'
import { readOwn } from '../plane/own-kernel.ts'
import { rehearse } from '../plane/rehearse.ts'
import type { Kept, Outcome } from '../plane/records.ts'
import { selfTest } from '../plane/self-test.ts'
import { sweep } from '../plane/sweep.ts'
import { runTool } from '../kernel/tool.ts'
import { toolText } from '../kernel/tools.ts'
import { resolve } from 'node:path'
import { DRILL_SECONDS, decideByDrill } from './apply-drill.ts'
import type { DrillOrder } from './apply-drill.ts'
import { applyFacts, factLines } from './apply-facts.ts'
import { EXIT, failure, usageError } from './exit.ts'
import { livePlanOptions, planOf } from './firewall-plan.ts'
import type { Plan, PlanOptions } from './firewall-plan.ts'
import { policyOption } from './options.ts'
import { BACKEND_MEND, backendNow, backendOption, rulesText } from './plane-rules.ts'
import type { BackendOption, Chosen } from './plane-rules.ts'
import { outcomeText, planePlaces, secondsOption, self, stateOption, toldPlainly } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'

interface ApplyOptions extends PlanOptions, StateOptions, BackendOption {
  readonly confirm?: number
  readonly drill?: true
  readonly detach?: true
  readonly dryRun?: true
  readonly pidFile?: string
}

/** For a person. */
const WAIT_SECONDS = 60

type Teller = (json: Readonly<Record<string, unknown>>, label: string, text: string) => void

function teller(json: boolean): Teller {
  return (value, label, text) => {
    if (json) sayJson(value)
    else say(`${label.padEnd(9)} ${text}\n`)
  }
}

function tellStep(tell: Teller, step: Step, drill: boolean): void {
  switch (step.step) {
    case 'tried': return tell({ step: 'tried', ms: Math.round(step.ms) }, 'tried', `in a namespace of its own, there and back, in ${Math.round(step.ms)} ms`)
    case 'loaded': return tell({ step: 'loaded', ms: Math.round(step.ms) }, 'loaded', `and read back from the kernel, in ${Math.round(step.ms)} ms`)
    case 'absent': return tell({ step: 'absent', problem: step.words }, 'queues', `${step.words}; \`greengate firewall keep\` puts them there when it is`)
    case 'tested': return tell({ step: 'tested', packets: step.packets }, 'tested', `${step.packets} packets walked through the rules as the kernel lists them: the admin's, and the policy's tests`)
    case 'swept': {
      const { swept } = step
      const text = swept.ok ? `${swept.flows} from before, ${swept.cut} of them denied now and cut` : `could not be looked through (${swept.problem}): the mark stops who sends, not who is only sent to`
      return tell({ step: 'swept', ...swept }, 'flows', text)
    }
    case 'waiting': return tell({ step: 'waiting', token: step.token, seconds: step.seconds }, 'waiting', drill ? `${step.seconds} s at most for the drill, which keeps the rules or takes them back` :
      `${step.seconds} s for your confirmation, from a NEW session:\n\n  greengate firewall confirm ${step.token}\n\nelse the rules from before come back, whatever becomes of this process or this connection.`)
  }
}

function tellProxy(tell: Teller, found: Found): void {
  switch (found.kind) {
    case 'same': return tell({ step: 'proxy', pid: found.gateway.status.pid, generation: found.gateway.status.generation, hash: found.gateway.status.hash }, 'gateway', `pid ${found.gateway.status.pid} takes the same policy with the rules`)
    case 'other': return tell({ step: 'proxy', other: found.gateway.status.file }, 'gateway', `the one that runs here serves another file, ${found.gateway.status.file}: it keeps its policy`)
    case 'none': return tell({ step: 'proxy', running: false }, 'gateway', 'none runs here: the rules alone are changed')
    case 'unknown': return tell({ step: 'proxy', problem: found.problem }, 'gateway', `one runs here and cannot be asked (${found.problem}): the rules alone are changed`)
  }
}

function keptOf(plan: Plan, backend: 'nft' | 'iptables'): Kept {
  const { policy, ruleset, facts, hash, text } = plan
  const { client } = facts
  const beside = besideOf(policy, ruleset)
  return {
    version: 1, rules: rulesText(ruleset, backend), ...(beside === undefined ? {} : { beside }),
    meta: {
      policy: policy.name, file: resolve(plan.file), hash, backend, mode: ruleset.mode, observe: ruleset.observe, generation: ruleset.generation, meaning: ruleset.meaning, port: facts.proxyPort,
      ...(client === undefined ? {} : { client: { address: client.proxy.address.text, port: client.proxy.port, ...(client.uid === undefined ? {} : { uid: client.uid }) } }),
      time: new Date(facts.now).toISOString(), text,
    },
  }
}

/** The same plan with other facts: another generation, or sets that iptables needs. */
function compiledAnew(plan: Plan, more: Partial<Plan['facts']>): Plan | undefined {
  const facts = { ...plan.facts, ...more }
  const made = compileRuleset(plan.policy, facts)
  if (made.ok) return { ...plan, facts, ruleset: made.ruleset }
  sayError(noteText(made.problem, 'error'))
  process.exitCode = EXIT.policy
  return undefined
}

/** The end of an apply, for a person or a program, and the exit code. */
function tellEnd(json: boolean, outcome: Outcome): void {
  if (json) sayJson({ step: 'ended', ending: outcome.ending, why: outcome.why, ...(outcome.problem === '' ? {} : { problem: outcome.problem }) })
  else if (outcome.ending === 'confirmed') say(`${outcomeText(outcome)}\n`)
  else sayError(`greengate: ${outcomeText(outcome)}\n`)
  process.exitCode = outcome.ending === 'confirmed' ? EXIT.ok : EXIT.failure
}

/** What ends the wait from outside. The terminal's end does not: that is what the watchdog is for. */
function endedBy(): () => string | undefined {
  let why: string | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (why ??= `the apply was ended by ${signal}`))
  process.on('SIGHUP', () => {})
  return () => why
}

async function dryRun(kept: Kept, json: boolean): Promise<void> {
  const tried = await rehearse(await readOwn(runTool), kept.rules)
  if (!tried.ok) return failure(tried.problem, tried.hint)
  if (json) sayJson({ step: 'tried', ok: true })
  else say('the rules load, and the old ones load over them; nothing was changed\n')
}

function judgeOf({ policy, compiled, ruleset, facts: { proxyUid, ownAddresses } }: Plan): FlowJudge {
  const now = Date.now()
  return ruleset.mode === 'client' ? clientJudge(ruleset, policy, ownAddresses, now) : gatewayJudge(compiled, now, typeof proxyUid === 'number' ? proxyUid : undefined)
}

async function run(plan: Plan, chosen: Extract<Chosen, { ok: true }>, found: Found, options: ApplyOptions): Promise<void> {
  const json = options.json === true
  const tell = teller(json)
  const { backend, fitness } = chosen
  const places = planePlaces(options)
  if (places === undefined) return
  const ipset = backend === 'iptables' && !(await runTool('ipset', ['--version'])).missing
  const choice = await newGeneration(places, plan.ruleset.meaning, plan.ruleset.generation)
  const final = compiledAnew(plan, { generation: choice.generation, ...(ipset ? { ipset: true as const } : {}) })
  if (final === undefined) return
  const wanted = keptOf(final, backend)
  const facts = await applyFacts(final.compiled, final.ruleset.mode, final.facts.proxyPort, final.facts.now)
  if (json) sayJson({ step: 'facts', ...facts, backend, tools: fitness.tools.map(toolText), kernel: fitness.kernel, policy: final.policy.name, hash: final.hash, generation: choice.generation })
  else for (const [label, text] of factLines(facts)) say(`${label.padEnd(9)} ${text}\n`)
  if (!json) say(`${'rules'.padEnd(9)} policy ${final.policy.name} (${final.hash}), generation ${choice.generation}, by ${fitness.tools.map(toolText).join(' and ')}, kernel ${fitness.kernel}\n`)
  if (options.dryRun === true) return dryRun(wanted, json)
  tellProxy(tell, found)
  const work: Work = {
    places, self: self(), wanted, closed: rulesText(closedRuleset(final.policy.gateway), backend), seconds: options.confirm ?? (options.drill === true ? DRILL_SECONDS : WAIT_SECONDS), takeBack: takeProxyBack, stopped: endedBy(),
    begin: choice.begin,
    selfTest: (live) => selfTest(final.compiled, final.ruleset.mode, live),
    proxy: found.kind === 'same' ? () => tryInProxy(found.gateway, final.hash) : undefined,
    sweep: () => sweep({ generation: choice.generation, judge: judgeOf(final) }),
    tell: (step) => tellStep(tell, step, options.drill === true),
  }
  await finish(work, await apply(work), options, { places, compiled: final.compiled, file: resolve(final.file), json })
}

async function finish(work: Work, applied: Applied, options: ApplyOptions, order: DrillOrder): Promise<void> {
  const json = options.json === true
  if (applied.kind === 'refused') {
    if (json) sayJson({ step: 'ended', ending: 'refused', why: applied.problem })
    return failure(applied.problem, applied.hint)
  }
  if (applied.kind === 'waiting' && options.detach === true) return
  const drill = applied.kind === 'waiting' && options.drill === true ? decideByDrill(order, applied.pending) : undefined
  const outcome = applied.kind === 'ended' ? applied.outcome : await waitForEnd(work, applied.pending)
  await drill
  if (applied.kind === 'ended' && applied.proxy !== undefined && outcome.ending === 'confirmed') await settleInProxy(applied.proxy)
  tellEnd(json, outcome)
}

/** What does not go with a drill; undefined: nothing. */
function againstDrill({ drill, confirm, detach, mode }: ApplyOptions): readonly [problem: string, hint: string] | undefined {
  if (drill !== true) return undefined
  if (mode === 'client') return ['`--drill` places a client at a gateway\'s green interface, and a single machine has none', 'leave it out']
  if (detach === true) return ['`--drill` decides when it is done, and with `--detach` nobody is there then', 'leave one of them out']
  return confirm === 0 ? ['`--confirm 0` asks nobody, and so no drill', 'leave one of them out'] : undefined
}

async function applyAction(options: ApplyOptions): Promise<void> {
  const wrong = againstDrill(options)
  if (wrong !== undefined) return usageError(...wrong)
  const file = policyOption(options.policy)
  if (file === undefined) return
  const found = options.mode === 'client' ? { kind: 'none' as const } : await findGateway(file, options.pidFile)
  // the port that the gateway has, where it was started on another than the policy's
  const port = options.port ?? (found.kind === 'same' ? found.gateway.status.port : undefined)
  const plan = await planOf({ ...options, ...(port === undefined ? {} : { port }) }, file)
  if (plan === undefined) return
  tellDiagnostics(lint(plan.compiled))
  const chosen = await backendNow(options.backend)
  if (!chosen.ok) return failure(chosen.problem, `nothing was changed; ${BACKEND_MEND}`)
  await run(plan, chosen, found, options)
}

export function applyCommand(firewall: Command): void {
  backendOption(stateOption(livePlanOptions(firewall.command('apply').description('put the policy into the kernel, and into the running gateway; back again when nobody confirms'))))
    .option('--confirm <seconds>', `how long to wait for \`confirm\` (default: ${WAIT_SECONDS}; for a drill ${DRILL_SECONDS}); 0: confirmed at once, nobody is asked`, secondsOption)
    .option('--drill', 'a live drill decides in your place: kept where it finds no hole, else taken back')
    .option('--detach', 'end when the rules are in force; the watchdog decides')
    .option('--dry-run', 'try everything in a namespace of its own, and change nothing')
    .option('--pid-file <file>', 'of the gateway that takes the policy with the rules (default: the one that serves this file)')
    .option('--json', 'a JSON object a step')
    .addHelpText('after', `
Tried for real in a throw-away namespace, there and back; the old rules kept; a watchdog armed; loaded in one transaction, read back, and the gateway
changed with it; flows that the policy denies cut. Then it waits. Ctrl-C, a lost connection, kill -9 and a restart all lead back to the old rules.
A drill shows that nobody gets out, not that you get in: the admin's way in is walked through before.
Exit code 0: confirmed; 1: the old rules are in force; 4: the policy has errors.

Example:
  $ greengate firewall apply --policy office.yaml --confirm 60
  $ greengate firewall confirm k3mz-p9qa        (from a new session)
  $ greengate firewall apply --policy office.yaml --drill`)
    .action(toldPlainly(applyAction))
}
