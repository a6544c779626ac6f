// Who judges a packet in a proof, and what each says in words that can be compared: verdict, and which rule of the policy decided.
import type { Family } from '../net/ip.ts'
import { walk } from './walk.ts'
import type { Outcome } from './walk.ts'
import { CLASS_MASK } from './from-ruleset.ts'
import type { Model } from './model.ts'
import type { Packet } from './packet.ts'

export interface Told {
  readonly verdict: 'accept' | 'drop' | 'reject'
  /** `rule:mail`, `blocks`, `serve`, `admin`, or `default` */
  readonly by: string
  /** of a rejection: what goes back */
  readonly answer?: string
  /** it is let by, but slowed down; undefined: it does not say */
  readonly slowed?: boolean
  /** it is let by to a socket of the machine's, and not where it was going; undefined: it does not say */
  readonly caught?: boolean
  /** of a packet filter: what it does beside, to the letter: the answer, the lines, the mark, the logs */
  readonly more?: string
}

export interface Judge {
  readonly name: string
  /** undefined: it has no say in this packet */
  judge(packet: Packet): Told | undefined
}

const DECIDES = /^(?:rule:.*|blocks:.*|serve|admin)$/

/** The rule of the policy by which an outcome came about: the first that its way names. */
export function ruleOfOutcome({ path }: Outcome): string {
  for (const { rule: { comment } } of path) if (comment !== undefined && DECIDES.test(comment)) return comment.startsWith('blocks:') ? 'blocks' : comment
  return 'default'
}

/** LOG cuts its prefix at 29 signs; what is said before that is the same everywhere. */
const LOG_PREFIX = 28

function loggedText(log: string): string {
  return log.startsWith('log ') ? log.slice(0, LOG_PREFIX + 4).trimEnd() : log.trimEnd()
}

export function toldOf(outcome: Outcome): Told {
  const { verdict, answer, path, mark, logs, masquerade, queue, caught } = outcome
  const lines = path.flatMap(({ rule: { comment } }) => comment ?? [])
  const more = [
    `lines ${lines.join(' > ') || 'none'}`, ...(mark === undefined ? [] : [`mark 0x${mark.value.toString(16)}/0x${mark.mask.toString(16)}`]),
    ...logs.map(loggedText), ...(masquerade ? ['masquerade'] : []), ...(queue === undefined ? [] : [`queue ${queue}`]),
    ...(caught === undefined ? [] : [`caught at ${caught}`]),
  ]
  const slowed = verdict === 'accept' && mark !== undefined && (mark.mask & mark.value & CLASS_MASK) !== 0
  return { verdict, by: ruleOfOutcome(outcome), slowed, ...(verdict === 'accept' ? { caught: caught !== undefined } : {}), ...(answer === undefined ? {} : { answer }), more: more.join(', ') }
}

/** `family`: of a text that is of one. */
export function modelJudge(name: string, model: Model, family?: Family): Judge {
  return { name, judge: (packet) => (family === undefined || packet.family === family ? toldOf(walk(model, packet)) : undefined) }
}

/** Do two agree? Where both are packet filters, in all that they do. */
export function agree(a: Told, b: Told): boolean {
  return a.verdict === b.verdict && a.by === b.by && a.answer === b.answer && (['slowed', 'caught', 'more'] as const).every((key) => a[key] === undefined || b[key] === undefined || a[key] === b[key])
}
