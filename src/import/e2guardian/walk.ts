// A storyboard walked through every way in which its questions can be answered: what comes out is, in order, what must hold for which verdict. Each way says what was answered with yes alone: of two
// ways the earlier one has the yes where they part, so the first that fits is the right one. Danger prevented: a list that is asked after another in the storyboard and before it in the policy.
import type { SourceLine } from '../finding.ts'
import type { Story, StoryLine } from './story.ts'

/** One question of fact. */
export interface Question {
  readonly state: string
  readonly list: string
  readonly line: SourceLine
}

export interface Way {
  readonly holds: readonly Question[]
  /** undefined: nothing was said */
  readonly outcome: 'allow' | 'deny' | undefined
  /** of the line that said it */
  readonly line: SourceLine | undefined
}

/** What can be said of a question before any request: its answer is known, or it is asked (undefined). */
export type Known = (line: StoryLine) => boolean | undefined

const MOST_WAYS = 2_000
const MOST_STEPS = 5_000
/** Of what runs beside the verdict. No one is decrypted, marked or asked for a password here. */
const SETTLED: Readonly<Record<string, boolean>> = {
  true: true, false: false, mitmset: false, redirectset: false, viruscheckset: false, bypassset: false, bypassallowset: false, infectionbypassallowset: false, hassniset: true, tls: true, doneset: false,
}

interface Answer {
  readonly question: Question
  readonly id: string
  yes: boolean
}

class Run {
  readonly #story: Story
  readonly #known: Known
  readonly #answers: Answer[]
  #at = 0
  #steps = 0
  #returned = false
  #grey = false
  outcome: 'allow' | 'deny' | undefined
  line: SourceLine | undefined

  constructor(story: Story, known: Known, answers: Answer[]) {
    this.#story = story
    this.#known = known
    this.#answers = answers
  }

  call(name: string): boolean {
    let result = false
    for (const line of this.#story.get(name) ?? []) {
      if (++this.#steps > MOST_STEPS) return result
      result = this.#holds(line) !== line.not && this.#act(line)
      if (line.returns === 'always' && this.#took || line.returns === 'if-true' && result) return result
      this.#returned = result
    }
    return result
  }

  #took = false

  #holds(line: StoryLine): boolean {
    this.#took = false
    const { state } = line
    if (state === 'exceptionset') return this.outcome === 'allow'
    if (state === 'blockset') return this.outcome === 'deny'
    if (state === 'greyset') return this.#grey
    if (state === 'returnset') return this.#returned
    return SETTLED[state] ?? this.#known(line) ?? this.#ask(line)
  }

  /** The same question has the same answer; a new one is answered with yes first. */
  #ask({ state, list, line }: StoryLine): boolean {
    const id = `${state} ${list}`
    const before = this.#answers.slice(0, this.#at).find((each) => each.id === id)
    if (before !== undefined) return before.yes
    const answer = this.#answers[this.#at] ?? { question: { state, list, line }, id, yes: true }
    this.#answers[this.#at++] = answer
    return answer.yes
  }

  #act({ action, line }: StoryLine): boolean {
    this.#took = true
    if (this.#story.has(action)) {
      const result = this.call(action)
      this.#took = true
      return result
    }
    if (action === 'setexception' || action === 'setblock' || action === 'setgrey') {
      this.#grey = action === 'setgrey'
      this.outcome = action === 'setgrey' ? undefined : action === 'setblock' ? 'deny' : 'allow'
      this.line = line
    }
    return action !== 'false' && action !== 'setgomitm' && action !== 'setredirect'
  }
}

/** Of the functions in turn, until one has said something. `undefined`: there are too many ways. */
export function waysOf(story: Story, functions: readonly string[], known: Known): readonly Way[] | undefined {
  const answers: Answer[] = []
  const ways: Way[] = []
  for (;;) {
    const run = new Run(story, known, answers)
    for (const name of functions) if (run.outcome === undefined && !(name === 'checkresponse' && answers.some(({ question, yes }) => question.state === 'connect' && yes))) run.call(name)
    ways.push({ holds: answers.filter(({ yes }) => yes).map(({ question }) => question), outcome: run.outcome, line: run.line })
    if (ways.length > MOST_WAYS) return undefined
    while (answers.length > 0 && answers.at(-1)?.yes === false) answers.pop()
    const last = answers.at(-1)
    if (last === undefined) return ways
    last.yes = false
  }
}
