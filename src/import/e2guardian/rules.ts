// The ways through a storyboard as web rules, in their order. Danger prevented: two lists that must both hold, of which the language can say one: such a denial is written wider, such an allowance
// is left out, and both are told.
import type { WebRuleDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import type { NameMaker } from '../names.ts'
import type { Choice, Conditioner, Conditions } from './conditions.ts'
import type { ListDefinition } from './options.ts'
import type { Question, Way } from './walk.ts'

export interface Block {
  /** the group's address group; undefined: everybody who is in no other */
  readonly from: string | undefined
  readonly label: string
  readonly definitions: readonly ListDefinition[]
}

/** Which types of list a state asks. */
export const ASKS: Readonly<Record<string, readonly ListDefinition['type'][]>> = {
  sitein: ['ipsite', 'site', 'regexp'], urlin: ['ipsite', 'site', 'url', 'extension', 'regexp'], clientin: ['ip'], extensionin: ['extension'], mimein: ['mime'], useragentin: ['regexp'], timein: ['time'],
}
const FACTS: Readonly<Record<string, Conditions>> = { connect: { methods: ['CONNECT'] }, get: { methods: ['GET'] }, post: { methods: ['POST'] }, siteisip: { host: ['numeric'] } }

const KEYS: readonly (keyof Conditions)[] = ['from', 'to', 'host', 'uri', 'contentType', 'methods', 'list', 'schedule', 'userAgent']

/** Both; undefined: the language has no word for it. */
function both(a: Conditions, b: Conditions): Conditions | undefined {
  const made: { -readonly [K in keyof Conditions]: Conditions[K] } = { ...a }
  for (const key of KEYS) {
    const value = b[key]
    if (value === undefined) continue
    if (made[key] !== undefined && made[key].join() !== value.join()) return undefined
    made[key] = value
  }
  return made
}

/** Rules that differ in one condition alone are one rule. */
function merged(all: readonly Choice[]): readonly Choice[] {
  const found: Choice[] = []
  for (const each of all) {
    const at = found.findIndex((other) => other.bad === each.bad && mergeKey(other.conditions, each.conditions) !== undefined)
    const other = found[at]
    const key = other === undefined ? undefined : mergeKey(other.conditions, each.conditions)
    if (other === undefined || key === undefined) found.push(each)
    else found[at] = { bad: other.bad, conditions: { ...other.conditions, [key]: [...new Set([...(other.conditions[key] ?? []), ...(each.conditions[key] ?? [])])] } }
  }
  return found
}

function mergeKey(a: Conditions, b: Conditions): keyof Conditions | undefined {
  const differ = KEYS.filter((key) => (a[key] ?? []).join('\n') !== (b[key] ?? []).join('\n'))
  const [key] = differ
  return differ.length === 1 && key !== undefined && a[key] !== undefined && b[key] !== undefined ? key : undefined
}

function covers(wide: Conditions, narrow: Conditions): boolean {
  return KEYS.every((key) => wide[key] === undefined || (wide[key].join('\n') === (narrow[key] ?? []).join('\n')))
}

export class RuleWriter {
  readonly #conditioner: Conditioner
  readonly #findings: Findings
  readonly #names: NameMaker
  readonly rules: WebRuleDraft[] = []

  constructor(conditioner: Conditioner, findings: Findings, names: NameMaker) {
    this.#conditioner = conditioner
    this.#findings = findings
    this.#names = names
  }

  /** `rest`: what becomes of requests of which no way says anything; undefined: the rules behind say it. */
  write(block: Block, ways: readonly Way[], rest: 'allow' | undefined): void {
    const first = this.rules.length
    for (const way of ways) {
      const action = way.outcome ?? rest
      if (action === undefined) continue
      for (const { conditions, bad } of this.#choices(block, way, action)) {
        if (bad && action === 'allow') continue
        const own = this.rules.slice(first)
        if (own.some((rule) => covers(rule, { ...conditions, ...this.#base(block) }))) continue
        const words = [block.label, ...way.holds.map(({ list, state }) => list || state)].filter((word) => word !== '')
        const origin = (block.definitions.find(({ name }) => name === way.holds.at(-1)?.list)?.line ?? way.line)?.origin
        this.rules.push({ name: this.#names.make(words.join('-') || 'rest', 'rule'), action, ...this.#base(block), ...conditions, ...(origin === undefined ? {} : { origin }) })
      }
    }
  }

  #base({ from }: Block): Conditions {
    return from === undefined ? {} : { from: [from] }
  }

  #choices(block: Block, way: Way, action: 'allow' | 'deny'): readonly Choice[] {
    let all: readonly Choice[] = [{ conditions: {}, bad: false }]
    for (const question of way.holds) {
      const own = this.#of(block, question)
      const made = all.flatMap((one) => own.flatMap((other) => {
        const conditions = both(one.conditions, other.conditions)
        const answers = action === 'allow' && conditions?.contentType !== undefined
        return conditions === undefined || answers ? [] : [{ conditions, bad: one.bad || other.bad }]
      }))
      const expected = all.length * own.length
      if (made.length < expected) this.#tell(question, way, action)
      // of a denial the list that stands last decides: without those before it denies more
      all = made.length === expected || action === 'allow' ? made : [...made, ...own]
    }
    const from = block.from
    if (from !== undefined && all.some(({ conditions }) => conditions.from !== undefined)) {
      const [question] = way.holds.filter(({ state }) => state === 'clientin')
      if (question !== undefined) this.#tell(question, way, action)
      return merged(all.filter(({ conditions }) => conditions.from === undefined))
    }
    return merged(all)
  }

  #tell(question: Question, way: Way, action: 'allow' | 'deny'): void {
    const line = way.line ?? question.line
    const others = way.holds.filter((each) => each !== question).map(({ list, state }) => `\`${list || state}\``).join(', ')
    const words = `\`${question.list || question.state}\`${others === '' ? '' : ` beside ${others}`}`
    if (action === 'allow') this.#findings.lost(line, `an allowance by ${words} has no rule: the language cannot say both at once`, 'what it allowed is judged by the rules behind it')
    else this.#findings.changed(line, `the denial by ${words} is written wider: the language cannot say both at once`, 'put an allowance above it for what must pass')
  }

  #of(block: Block, { state, list }: Question): readonly Choice[] {
    const fact = FACTS[state]
    if (fact !== undefined) return [{ conditions: fact, bad: false }]
    return merged(block.definitions.filter((each) => each.name === list && ASKS[state]?.includes(each.type)).flatMap((each) => this.#conditioner.choices(each, state)))
  }
}
