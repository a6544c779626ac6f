// What an import tells beside its policy: each line that could not be carried over, or that was with another meaning, with its place.
// Danger prevented: a rule that is thought to have come along, and did not.

export interface Origin {
  readonly file: string
  /** from 1 on */
  readonly line: number
}

export interface Finding {
  /**
   * `lost`: could not be carried over. `changed`: was, and does not say quite the same. `assumed`: stood nowhere, and a policy needs it.
   * `implied`: holds in any case
   */
  readonly kind: 'lost' | 'changed' | 'assumed' | 'implied'
  readonly origin: Origin
  /** the line as it stood there */
  readonly text: string
  /** lower case, no final stop, what the file says in backticks */
  readonly message: string
  readonly hint?: string
}

/** Findings in the order in which they were made. */
export class Findings {
  readonly #all: Finding[] = []

  get all(): readonly Finding[] {
    return this.#all
  }

  lost(line: SourceLine, message: string, hint?: string): void {
    this.#add('lost', line, message, hint)
  }

  changed(line: SourceLine, message: string, hint?: string): void {
    this.#add('changed', line, message, hint)
  }

  implied(line: SourceLine, message: string): void {
    this.#add('implied', line, message, undefined)
  }

  assumed(file: string, message: string, hint?: string): void {
    this.#add('assumed', { origin: { file, line: 1 }, text: '' }, message, hint)
  }

  #add(kind: Finding['kind'], { origin, text }: SourceLine, message: string, hint: string | undefined): void {
    this.#all.push({ kind, origin, text, message, ...(hint === undefined ? {} : { hint }) })
  }
}

/** A line of a file that is imported; of one that goes on in the next, the first. */
export interface SourceLine {
  readonly origin: Origin
  readonly text: string
}
