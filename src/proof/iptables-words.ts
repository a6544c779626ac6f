// A line of iptables as words, and a place among them. Danger prevented: a quoted prefix with a blank in it read as two words.
import type { Family } from '../net/ip.ts'
import { UnreadText, wholeNumber } from './unread.ts'

/** Words and quoted words, a backslash before a quote. */
function wordsOf(text: string, line: number): readonly string[] {
  const words: string[] = []
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gy
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text)
    if (match === null) throw new UnreadText(line, `\`${text}\` has an open quote`)
    words.push(match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? '')
  }
  return words
}

export class Words {
  readonly family: Family
  readonly line: number
  readonly #words: readonly string[]
  #at = 0

  constructor(text: string, family: Family, line: number) {
    this.#words = wordsOf(text, line)
    this.family = family
    this.line = line
  }

  get done(): boolean {
    return this.#at >= this.#words.length
  }

  next(): string {
    return this.#words[this.#at++] ?? this.bad('the line ends in the middle')
  }

  /** The next word where it is an option that the pattern knows. */
  option(pattern: RegExp): string | undefined {
    const word = this.#words[this.#at]
    if (word === undefined || !pattern.test(word)) return undefined
    this.#at += 1
    return word
  }

  number(text: string | undefined, most?: number): number {
    return wholeNumber(text, this.line, most)
  }

  bad(problem: string): never {
    throw new UnreadText(this.line, problem)
  }
}
