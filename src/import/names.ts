// Names for what an import makes: of the characters that the language has, none twice, none reserved. Danger prevented: a file whose name
// is `__proto__`, or one of the language's own words, taken for something else.
import { RESERVED_RULE_NAMES } from '../policy/rule-base.ts'

const RESERVED: ReadonlySet<string> = new Set([...RESERVED_RULE_NAMES, 'any', 'green', 'internet', 'gateway', 'proxy', 'numeric', 'constructor', 'prototype'])
const MOST = 40

/** `from` in the language's characters; empty: there was none. */
function cleaned(from: string): string {
  return from.normalize('NFKD').replace(/[^A-Za-z0-9_-]+/g, '-').replace(/-{2,}/g, '-').replace(/^[-_]+|[-_]+$/g, '').slice(0, MOST).replace(/[-_]+$/, '')
}

export class NameMaker {
  readonly #taken = new Set<string>()

  /** `kind` stands in where nothing of `from` can be used, and before what is reserved. */
  make(from: string, kind: string): string {
    const plain = cleaned(from)
    const first = plain === '' ? kind : RESERVED.has(plain.toLowerCase()) ? `${kind}-${plain}` : plain
    for (let count = 1; ; count++) {
      const tail = count === 1 ? '' : `-${count}`
      const name = `${first.slice(0, MOST - tail.length)}${tail}`
      if (this.#taken.has(name)) continue
      this.#taken.add(name)
      return name
    }
  }
}
