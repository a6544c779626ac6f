// iptables text as a model: what we print for iptables-restore, and what iptables-save prints of the kernel. It shares nothing with the
// printer. Danger prevented: a printer's mistake that its own reader makes too.
import type { Family } from '../net/ip.ts'
import { LineReader } from './iptables-tests.ts'
import { Words } from './iptables-words.ts'
import { PRIORITY, modelFrom, ruleOf } from './model.ts'
import type { Chain, Model, ModelHook, Rule } from './model.ts'
import { UnreadText } from './unread.ts'

/** What others keep in the tables; it is neither read nor touched. */
export interface Foreign {
  /** rules that stand before our jump, by `table/CHAIN` */
  readonly before: readonly string[]
  readonly rules: number
}

export interface IptablesText {
  readonly model: Model
  readonly foreign: Foreign
}

const HOOKS: Readonly<Record<string, ModelHook>> = { INPUT: 'input', FORWARD: 'forward', OUTPUT: 'output', PREROUTING: 'prerouting', POSTROUTING: 'postrouting' }
const OWN = /^GG_/

function priorityOf(table: string, hook: ModelHook, line: number): number {
  switch (table) {
    case 'filter': case 'raw': case 'mangle': case 'security': return PRIORITY[table]
    case 'nat': return hook === 'postrouting' || hook === 'input' ? PRIORITY.srcnat : PRIORITY.dstnat
    default: throw new UnreadText(line, `there is no table \`${table}\``)
  }
}

class Reader {
  readonly #family: Family
  readonly #live: boolean
  readonly #chains: Chain[] = []
  readonly #before: string[] = []
  #foreign = 0
  #table: string | undefined
  #open = new Map<string, { readonly base: Chain['base']; readonly rules: Rule[] }>()

  /** `live`: other people's chains and rules may stand there too. */
  constructor(family: Family, live: boolean) {
    this.#family = family
    this.#live = live
  }

  line(text: string, line: number): void {
    if (text === '' || text.startsWith('#')) return
    if (text.startsWith('*')) {
      if (this.#table !== undefined) throw new UnreadText(line, 'a table begins inside another')
      this.#table = text.slice(1)
      return
    }
    const table = this.#table
    if (table === undefined) throw new UnreadText(line, 'this stands in no table')
    if (text === 'COMMIT') this.#commit()
    else if (text.startsWith(':')) this.#declare(text, table, line)
    else this.#rule(text.replace(/^\[\d+:\d+\] /, ''), table, line)
  }

  #declare(text: string, table: string, line: number): void {
    const match = /^:(\S+) (ACCEPT|DROP|-) \[\d+:\d+\]$/.exec(text)
    if (match === null) throw new UnreadText(line, `\`${text}\` declares no chain`)
    const [, name = '', policy = ''] = match
    const hook = HOOKS[name]
    if (hook === undefined) {
      if (!OWN.test(name) && !this.#live) throw new UnreadText(line, `the chain \`${name}\` is not ours`)
      if (OWN.test(name)) this.#open.set(name, { base: undefined, rules: [] })
    } else this.#open.set(name, { base: this.#base(table, hook, policy, line), rules: [] })
  }

  #base(table: string, hook: ModelHook, policy: string, line: number): NonNullable<Chain['base']> {
    return { hook, priority: priorityOf(table, hook, line), policy: policy === 'DROP' ? 'drop' : 'accept' }
  }

  #rule(text: string, table: string, line: number): void {
    const match = /^-([AI]) (\S+)(?: (\d+)(?= ))?(.*)$/.exec(text)
    if (match === null) throw new UnreadText(line, `\`${text}\` is no rule`)
    const [, command = '', name = '', place, rest = ''] = match
    const hook = HOOKS[name]
    if (hook !== undefined) return this.#intoBuiltIn(command, name, hook, place, rest.trim(), table, line)
    if (!OWN.test(name)) return this.#skipped(text, line, undefined)
    const chain = this.#open.get(name)
    if (chain === undefined) throw new UnreadText(line, `the chain \`${name}\` was not declared`)
    if (command !== 'A') throw new UnreadText(line, 'our own chains are only added to')
    const read = new LineReader(new Words(rest, this.#family, line))
    chain.rules.push(ruleOf(read.tests, read.actions, read.comment, chain.rules.length + 1))
  }

  /** A built-in chain holds our jump, and what others put there. */
  #intoBuiltIn(command: string, name: string, hook: ModelHook, place: string | undefined, rest: string, table: string, line: number): void {
    const jump = /^-j (GG_\S+)$/.exec(rest)?.[1]
    if (jump === undefined) {
      if (/(?:^| )-[jg] GG_/.test(rest)) throw new UnreadText(line, `\`${rest}\`: our jumps have no conditions`)
      return this.#skipped(rest, line, name)
    }
    if (command === 'I' && place !== '1') throw new UnreadText(line, 'our jump goes to the first place')
    const chain = this.#open.get(name) ?? { base: this.#base(table, hook, 'ACCEPT', line), rules: [] }
    this.#open.set(name, chain)
    chain.rules.push(ruleOf([], [{ kind: 'jump', chain: jump }], undefined, chain.rules.length + 1))
  }

  #skipped(text: string, line: number, builtIn: string | undefined): void {
    if (!this.#live) throw new UnreadText(line, `\`${text}\` is not ours`)
    this.#foreign += 1
    if (builtIn !== undefined && (this.#open.get(builtIn)?.rules.length ?? 0) === 0) this.#before.push(`${this.#table ?? ''}/${builtIn}`)
  }

  #commit(): void {
    const table = this.#table ?? ''
    const called = (name: string, base: Chain['base']): string => (base === undefined ? name : `${table}/${name}`)
    for (const [name, { base, rules }] of this.#open) {
      if (this.#chains.some((chain) => chain.name === name)) throw new UnreadText(0, `the chain \`${name}\` stands in two tables`)
      this.#chains.push({ name: called(name, base), rules, ...(base === undefined ? {} : { base }) })
    }
    this.#open = new Map()
    this.#table = undefined
  }

  end(): IptablesText {
    if (this.#table !== undefined) throw new UnreadText(0, `the table \`${this.#table}\` has no COMMIT`)
    const names = new Set(this.#chains.map((chain) => chain.name))
    for (const chain of this.#chains) {
      for (const { actions } of chain.rules) {
        for (const action of actions) if ('chain' in action && !names.has(action.chain)) throw new UnreadText(0, `\`${chain.name}\` leads to \`${action.chain}\`, which is not there`)
      }
    }
    // a chain that others' rules call in front of ours matters only where ours is called at all
    const before = this.#before.filter((each) => (this.#chains.find((chain) => chain.name === each)?.rules.length ?? 0) > 0)
    return { model: modelFrom(this.#chains), foreign: { before, rules: this.#foreign } }
  }
}

export function readIptables(text: string, family: Family, live = false): IptablesText {
  const reader = new Reader(family, live)
  text.split('\n').forEach((each, index) => reader.line(each.trim(), index + 1))
  return reader.end()
}
