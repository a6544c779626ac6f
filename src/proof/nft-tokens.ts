// nft text as tokens with their lines. Danger prevented: a comment's text, or a set broken over lines, taken for rules.
import { UnreadText, wholeNumber } from './unread.ts'

export interface Token {
  /** `end`: of a line or a statement */
  readonly kind: 'word' | 'string' | 'sign' | 'end'
  readonly text: string
  readonly line: number
}

const PIECE = /[ \t]+|#[^\n]*|"([^"\n]*)"|(\n|;)|([{},](?=\s|;|$)|[{}])|((?:[^\s{};",]|,(?=[^\s]))+)/gy

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  PIECE.lastIndex = 0
  while (PIECE.lastIndex < text.length) {
    const match = PIECE.exec(text)
    if (match === null) throw new UnreadText(line, 'a sign that nft does not write')
    const [, string, end, sign, word] = match
    if (string !== undefined) tokens.push({ kind: 'string', text: string, line })
    else if (end !== undefined) tokens.push({ kind: 'end', text: end, line })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, line })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    if (end === '\n') line += 1
  }
  return tokens
}

/** A place among tokens. */
export class Tokens {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  get line(): number {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]?.line ?? 0
  }

  peek(): string | undefined {
    return this.#tokens[this.#at]?.text
  }

  next(): string {
    return this.#take().text
  }

  #take(): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) return this.bad('the text ends in the middle')
    this.#at += 1
    return token
  }

  /** A word in quotes. */
  string(): string {
    const { kind, text } = this.#take()
    return kind === 'string' ? text : this.bad(`\`${text}\` should stand in quotes`)
  }

  /** Takes these, or nothing. */
  takes(...texts: readonly string[]): boolean {
    if (!texts.every((text, index) => this.#tokens[this.#at + index]?.text === text)) return false
    this.#at += texts.length
    return true
  }

  must(...texts: readonly string[]): void {
    for (const text of texts) if (!this.takes(text)) this.bad(`\`${text}\` is missing before \`${this.peek() ?? ''}\``)
  }

  /** Past line ends. */
  skip(): void {
    while (this.#tokens[this.#at]?.kind === 'end') this.#at += 1
  }

  /** Up to the end of the line or statement, which is taken too; a brace that closes what is around it stays. */
  statement(): Tokens {
    const start = this.#at
    for (let depth = 0; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at]
      if (token?.text === '{' && token.kind === 'sign') depth += 1
      if (token?.text === '}' && token.kind === 'sign' && depth-- === 0) break
      if (token?.kind === 'end' && depth === 0) break
    }
    const taken = new Tokens(this.#tokens.slice(start, this.#at))
    if (this.#tokens[this.#at]?.kind === 'end') this.#at += 1
    return taken
  }

  /** `{ a, b }`, over lines, or one value alone. */
  list(): readonly string[] {
    if (!this.takes('{')) return [this.next()]
    const values: string[] = []
    for (;;) {
      this.skip()
      values.push(this.next())
      this.skip()
      if (this.takes('}')) return values
      this.must(',')
    }
  }

  number(text: string | undefined, most?: number): number {
    return wholeNumber(text, this.line, most)
  }

  bad(problem: string): never {
    throw new UnreadText(this.line, problem)
  }
}
