// Squid's `acl` lines: what each name stands for, as conditions of a web rule. Danger prevented: two lines of one name of which the second replaces the first: they add up.
import type { ImportFile } from '../source.ts'
import { linesOf } from '../source.ts'
import { domainWord, expressionWord, macWord, networkWord, pathExpression, portWord, timeWords } from './values.ts'

export type Key = 'from' | 'to' | 'host' | 'uri' | 'methods' | 'ports' | 'schedule' | 'userAgent'

export interface Acl {
  readonly name: string
  /** undefined: everything, or `problem` */
  readonly key: Key | undefined
  readonly words: string[]
  /** why it cannot be said */
  problem?: string
  /** what every rule that uses it changes in its meaning */
  change?: string
}

/** `everything`, and what has no meaning here: the cache manager, and the private addresses that are closed. */
export type Special = 'all' | 'manager' | 'closed'

const WORDS: Readonly<Record<string, readonly [key: Key, word: (text: string) => string | undefined]>> = {
  src: ['from', networkWord], arp: ['from', macWord], dst: ['to', networkWord], dstdomain: ['host', domainWord], port: ['ports', portWord],
  method: ['methods', (text) => (/^[A-Za-z-]+$/.test(text) ? text.toUpperCase() : undefined)],
  url_regex: ['uri', expressionWord], urlpath_regex: ['uri', pathExpression], browser: ['userAgent', expressionWord],
}
const REGEX = new Set(['url_regex', 'urlpath_regex', 'browser'])
/** Rules of a policy name thousands of hosts by a list. */
const MOST_WORDS = 5_000

function builtIn(): Map<string, Acl> {
  return new Map<string, Acl>([
    ['localhost', { name: 'localhost', key: 'from', words: ['127.0.0.1', '::1'] }], ['CONNECT', { name: 'CONNECT', key: 'methods', words: ['CONNECT'] }],
  ])
}

const SPECIALS: ReadonlyMap<string, Special> = new Map<string, Special>([['all', 'all'], ['manager', 'manager'], ['to_localhost', 'closed'], ['to_linklocal', 'closed']])

export class Acls {
  readonly #all = builtIn()
  readonly #files: readonly ImportFile[]

  constructor(files: readonly ImportFile[]) {
    this.#files = files
  }

  /** undefined: no line says what it is. */
  get(name: string): Acl | Special | undefined {
    return SPECIALS.get(name) ?? this.#all.get(name)
  }

  read([name = '', type = '', ...rest]: readonly string[]): void {
    // as Squid ships them in older releases; ours are the same
    if (SPECIALS.has(name)) return
    const options = rest.filter((word) => /^[-+]/.test(word))
    const known = WORDS[type]
    const key: Key | undefined = type === 'time' ? 'schedule' : known?.[0]
    const acl = this.#all.get(name) ?? { name, key, words: [] }
    this.#all.set(name, acl)
    if (key === undefined || acl.key !== key) {
      acl.problem ??= key === undefined ? `\`${type}\` is nothing that a rule of the policy asks` : 'its lines are of two kinds'
      return
    }
    if (REGEX.has(type) && !options.includes('-i')) acl.change = 'expressions are found whatever the case'
    if (type === 'arp') acl.change = 'a MAC is seen on this link alone'
    const values = rest.filter((word) => !/^[-+]/.test(word))
    const found: readonly (string | undefined)[] | undefined = type === 'time' ? timeWords(values, true) : this.#values(values, acl)?.map((value) => known?.[1](value))
    if (found === undefined || found.includes(undefined)) {
      const at = found?.indexOf(undefined) ?? -1
      acl.problem ??= at < 0 ? `what it says is not understood, or in a file that was not given: \`${rest.join(' ')}\`` : `\`${values[at] ?? values[0] ?? ''}\` cannot be said`
      return
    }
    for (const word of found) if (word !== undefined && !acl.words.includes(word)) acl.words.push(word)
    if (acl.words.length > MOST_WORDS) acl.problem ??= `more than ${MOST_WORDS} entries: make it a list of the policy`
  }

  /** Quoted ones are files of entries, a line each. */
  #values(values: readonly string[], acl: Acl): readonly string[] | undefined {
    const found: string[] = []
    for (const value of values) {
      const path = /^"(.*)"$/.exec(value)?.[1]
      if (path === undefined) {
        found.push(value)
        continue
      }
      const file = this.#files.find(({ name }) => name === path) ?? this.#files.find(({ name }) => name.split('/').at(-1) === path.split('/').at(-1))
      if (file === undefined) {
        acl.problem ??= `its entries are in \`${path}\`, which was not given: name that file too`
        return undefined
      }
      found.push(...linesOf(file).map(({ text }) => text.replace(/(?:^|\s)#.*$/, '').trim()).filter((text) => text !== ''))
    }
    return found
  }
}
