// Regular expressions over URIs: not case-sensitive, found anywhere, in time linear in the text (RE2). The only user of re2js. Danger
// prevented: an expression of the policy and a URI of a client that together hold the gateway for minutes (ReDoS).
import { RE2JS, RE2JSException } from 're2js'
import { Automaton } from './automaton.ts'
import { requiredLiterals } from './literals.ts'
import type { Literals } from './literals.ts'

export interface ExpressionSet {
  /** index of the first expression that matches either text, or -1 */
  firstMatch(text: string, decoded: string): number
  /** for several questions about one pair of texts */
  matching(text: string, decoded: string): (index: number) => boolean
}

const MOST_CHARACTERS = 8192
/** Instructions of the compiled program: `(a{100}){10}` is short to write and long to run. */
const MOST_INSTRUCTIONS = 20_000

/** What is wrong with an expression, or undefined when it compiles. */
export function checkExpression(source: string): string | undefined {
  if (source === '') return 'the expression is empty: it would match everything'
  if (source.length > MOST_CHARACTERS) return `the expression has ${source.length} characters; ${MOST_CHARACTERS} are the most`
  const odd = /[^\x20-\x7e]/u.exec(source)?.[0]
  if (odd !== undefined) return strange(odd)
  try {
    const size = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE).programSize()
    return size > MOST_INSTRUCTIONS ? `the expression is too large (${size} steps; ${MOST_INSTRUCTIONS} are the most): lower its counts` : undefined
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return unsupported(source) ?? error.message.replace(/^error parsing regexp: /, '').replace('`(?i)', '`')
  }
}

/** Matching is octet by octet, and browsers send other letters as escapes: an expression with one would never match. */
function strange(character: string): string {
  if (character < ' ' || character === '\x7f') return 'the expression has a control character'
  return `\`${character}\` never stands in a URI as such: write \`${encodeURIComponent(character.toWellFormed())}\``
}

/** What Perl has and no linear-time engine can have; said in words, for people who know it from Squid or grep -P. */
function unsupported(source: string): string | undefined {
  for (let i = 0; i < source.length; i++) {
    if (source[i] === '\\') {
      const next = source[++i] ?? ''
      if (next >= '1' && next <= '9' && !/^[0-7]{2}/.test(source.slice(i, i + 2))) return `\`\\${next}\`: a reference back to a group cannot be matched in linear time`
    } else if (source[i] === '(' && /^\?<?[=!]/.test(source.slice(i + 1, i + 4))) {
      return `\`(${/^\?<?[=!]/.exec(source.slice(i + 1, i + 4))?.[0] ?? ''}\`: looking ahead or behind cannot be matched in linear time; write two rules`
    } else if (source[i] === '(' && source.startsWith('?>', i + 1)) {
      return '`(?>`: atomic groups are not needed here, nothing is tried twice; write `(?:`'
    }
  }
  return undefined
}

/** Sources that `checkExpression` passed. */
export function compileExpressions(sources: readonly string[]): ExpressionSet {
  return new Expressions(sources)
}

const NONE = (): boolean => false

class Expressions implements ExpressionSet {
  readonly #sources: readonly string[]
  /** those that were needed yet: most expressions of a large list never are, and each is some kilobytes */
  readonly #compiled = new Map<number, RE2JS>()
  /** 1: its literals are the whole of it */
  readonly #whole: Uint8Array
  readonly #automaton: Automaton | undefined
  /** expressions of which no literal is known: each text is run through them, a few at a time */
  readonly #always: readonly Bundle[]
  readonly #isAlways: Uint8Array
  /** `#marks[i] === #stamp`: a literal of expression i is in the text at hand */
  readonly #marks: Uint32Array
  #stamp = 0

  constructor(sources: readonly string[]) {
    const { needed, owners } = literalsOf(sources)
    const always = needed.flatMap(({ any }, index) => (any === undefined ? [index] : []))
    this.#sources = sources
    this.#whole = Uint8Array.from(needed, ({ whole }) => (whole ? 1 : 0))
    this.#always = bundles(sources, always)
    this.#isAlways = new Uint8Array(sources.length)
    for (const index of always) this.#isAlways[index] = 1
    this.#automaton = owners.size === 0 ? undefined : new Automaton([...owners.keys()], [...owners.values()])
    this.#marks = new Uint32Array(sources.length)
  }

  firstMatch(text: string, decoded: string): number {
    const found = this.#scan(text, decoded)
    const always = this.#firstAlways(text, decoded)
    if (!found) return always
    const end = always < 0 ? this.#marks.length : always
    for (let index = 0; index < end; index++) {
      if (this.#marks[index] === this.#stamp && this.#test(index, text, decoded)) return index
    }
    return always
  }

  matching(text: string, decoded: string): (index: number) => boolean {
    const found = this.#scan(text, decoded)
    if (!found && this.#always.length === 0) return NONE
    const candidates = new Set<number>()
    if (found) this.#marks.forEach((mark, index) => { if (mark === this.#stamp) candidates.add(index) })
    const known = new Map<number, boolean>()
    return (index) => {
      if (this.#isAlways[index] !== 1 && !candidates.has(index)) return false
      let answer = known.get(index)
      if (answer === undefined) {
        answer = this.#test(index, text, decoded)
        known.set(index, answer)
      }
      return answer
    }
  }

  #scan(text: string, decoded: string): boolean {
    if (this.#automaton === undefined) return false
    if (this.#stamp === 0xffffffff) {
      this.#marks.fill(0)
      this.#stamp = 0
    }
    this.#stamp++
    const found = this.#automaton.scan(text, this.#marks, this.#stamp)
    return decoded === text ? found : this.#automaton.scan(decoded, this.#marks, this.#stamp) || found
  }

  #firstAlways(text: string, decoded: string): number {
    for (const { together, members } of this.#always) {
      if (together !== undefined && !together.test(text) && (decoded === text || !together.test(decoded))) continue
      for (const index of members) if (this.#test(index, text, decoded)) return index
    }
    return -1
  }

  #test(index: number, text: string, decoded: string): boolean {
    if (this.#whole[index] === 1) return true // its literal was found
    let compiled = this.#compiled.get(index)
    if (compiled === undefined) {
      compiled = RE2JS.compile(this.#sources[index] ?? '', RE2JS.CASE_INSENSITIVE)
      this.#compiled.set(index, compiled)
    }
    return compiled.test(text) || (decoded !== text && compiled.test(decoded))
  }
}

interface Needed {
  readonly needed: readonly Literals[]
  /** literal → the expressions that need it */
  readonly owners: ReadonlyMap<string, readonly number[]>
}

/** Characters of all literals together: some dozens of octets of automaton each. With more, they are cut shorter. */
const MOST_LITERAL_CHARACTERS = 200_000
const LITERAL_LENGTHS = [16, 8, 4, 2]

function literalsOf(sources: readonly string[]): Needed {
  for (const longest of LITERAL_LENGTHS) {
    const needed = sources.map((source) => requiredLiterals(source, longest))
    const owners = new Map<string, number[]>()
    let characters = 0
    needed.forEach(({ any }, index) => {
      for (const literal of any ?? []) {
        const owner = owners.get(literal)
        if (owner !== undefined) owner.push(index)
        else {
          owners.set(literal, [index])
          characters += literal.length
        }
      }
    })
    if (characters <= MOST_LITERAL_CHARACTERS || longest === LITERAL_LENGTHS.at(-1)) return { needed, owners }
  }
  return { needed: [], owners: new Map() }
}

/** Some expressions and, where they can be joined, their alternation: where it fails, all of them do. */
interface Bundle {
  readonly together: RE2JS | undefined
  readonly members: readonly number[]
}

/** More in one automaton, and its states multiply. */
const BUNDLE = 8

function bundles(sources: readonly string[], indexes: readonly number[]): readonly Bundle[] {
  const out: Bundle[] = []
  for (let from = 0; from < indexes.length; from += BUNDLE) {
    const members = indexes.slice(from, from + BUNDLE)
    out.push({ members, together: members.length > 1 ? join(members.map((index) => sources[index] ?? '')) : undefined })
  }
  return out
}

/** Undefined where they cannot be one, as when two groups have one name. */
function join(sources: readonly string[]): RE2JS | undefined {
  try {
    return RE2JS.compile(sources.map((source) => `(?:${source})`).join('|'), RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    if (error instanceof RE2JSException) return undefined
    throw error
  }
}
