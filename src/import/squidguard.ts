// squidGuard's configuration into a policy: `src` are groups, `dest` are lists, `time` are schedules, and `pass` lines the web rules in their order. Danger prevented: a destination that
// cannot be said and is left out of a `pass` line, so that what it refused passes.
import type { Imported, PolicyDraft, WebRuleDraft } from './draft.ts'
import { Findings } from './finding.ts'
import type { SourceLine } from './finding.ts'
import { NameMaker } from './names.ts'
import { linesOf } from './source.ts'
import type { ImportFile, ImportProblem } from './source.ts'
import { networkWord, timeWords } from './squid/values.ts'

interface Statement {
  readonly line: SourceLine
  readonly words: readonly string[]
  /** of a block: what stands in it */
  readonly body: readonly Statement[]
  /** `} else {` */
  readonly otherwise: readonly Statement[]
}

interface Token {
  readonly line: SourceLine
  readonly text: string
}

function tokensOf(files: readonly ImportFile[]): Token[] {
  return files.flatMap(linesOf).flatMap((line) => {
    const words = (line.text.replace(/(?:^|\s)#.*$/, '').match(/[{}]|[^\s{},]+/g) ?? []).map((text) => ({ line, text }))
    return [...words, { line, text: '\n' }]
  })
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** To the end of the block, or of the file. */
  statements(): Statement[] {
    const found: Statement[] = []
    let words: string[] = []
    let first: SourceLine | undefined
    const end = (body: readonly Statement[] = [], otherwise: readonly Statement[] = []): void => {
      if (first !== undefined) found.push({ line: first, words, body, otherwise })
      words = []
      first = undefined
    }
    for (let token = this.#next(); token !== undefined && token.text !== '}'; token = this.#next()) {
      if (token.text === '\n') {
        if (!this.#opens()) end()
      } else if (token.text === '{') {
        const body = this.statements()
        end(body, this.#else() ? this.statements() : [])
      } else {
        first ??= token.line
        words.push(token.text)
      }
    }
    end()
    return found
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  /** A brace on a line of its own belongs to the words before. */
  #opens(): boolean {
    let at = this.#at
    while (this.#tokens[at]?.text === '\n') at++
    return this.#tokens[at]?.text === '{'
  }

  #else(): boolean {
    let at = this.#at
    while (this.#tokens[at]?.text === '\n') at++
    if (this.#tokens[at]?.text !== 'else') return false
    at++
    while (this.#tokens[at]?.text === '\n') at++
    if (this.#tokens[at]?.text !== '{') return false
    this.#at = at + 1
    return true
  }
}

type Lists = NonNullable<PolicyDraft['lists']>[number]

interface Known {
  readonly sources: Map<string, { readonly words: readonly string[]; readonly problem: string | undefined }>
  readonly lists: Map<string, Lists | undefined>
  readonly times: Map<string, readonly string[] | undefined>
}

const KINDS = { domainlist: 'domains', urllist: 'urls', expressionlist: 'expressions' } as const

function sourceOf(block: Statement): { readonly words: readonly string[]; readonly problem: string | undefined } {
  const words: string[] = []
  let problem: string | undefined
  for (const { words: [kind = '', ...rest] } of block.body) {
    if (kind !== 'ip') {
      problem ??= ['log', 'logfile'].includes(kind) ? undefined : `\`${kind}\` is nothing that the policy knows of a client`
      continue
    }
    for (const word of rest) {
      const network = networkWord(word)
      if (network === undefined) problem ??= `\`${word}\` is no address`
      else if (!words.includes(network)) words.push(network)
    }
  }
  return { words, problem: problem ?? (words.length === 0 ? 'it names no address' : undefined) }
}

function read(statements: readonly Statement[], findings: Findings, names: NameMaker): Known & { readonly acl: Statement | undefined } {
  const known: Known = { sources: new Map(), lists: new Map(), times: new Map() }
  const dbhome = statements.find(({ words }) => words[0] === 'dbhome')?.words[1] ?? '/var/lib/squidguard/db'
  for (const block of statements) {
    const [kind, name = ''] = block.words
    if (kind === 'src' || kind === 'source') known.sources.set(name, sourceOf(block))
    else if (kind === 'dest' || kind === 'destination') {
      const list: { name: string; domains?: string; urls?: string; expressions?: string } = { name: names.make(name, 'list') }
      for (const { words: [what = '', path = ''] } of block.body) {
        const layout = what in KINDS ? KINDS[what as keyof typeof KINDS] : undefined
        if (layout !== undefined) list[layout] = path.startsWith('/') ? path : `${dbhome}/${path}`
      }
      const empty = list.domains === undefined && list.urls === undefined && list.expressions === undefined
      known.lists.set(name, empty ? undefined : list)
    } else if (kind === 'time') {
      const windows = block.body.map(({ words: [what, days = '', ...hours] }) => (what === 'weekly' ? timeWords([days.toUpperCase().replace('*', 'SMTWHFA'), hours.join('')].filter((word) => word !== '')) : undefined))
      known.times.set(name, windows.some((each) => each === undefined) ? undefined : windows.flatMap((each) => each ?? []))
    } else if (kind === 'rew' || kind === 'rewrite') findings.lost(block.line, 'what is asked is never rewritten here')
  }
  return { ...known, acl: statements.find(({ words }) => words[0] === 'acl') }
}

/** One `pass` line as rules, up to the word that decides all. undefined: it cannot be said. */
function passRules(line: SourceLine, words: readonly string[], known: Known, base: Omit<WebRuleDraft, 'name' | 'action'>, names: NameMaker, findings: Findings): readonly WebRuleDraft[] | undefined {
  const rules: WebRuleDraft[] = []
  const add = (action: 'allow' | 'deny', word: string, conditions: Partial<WebRuleDraft> = {}): void => {
    rules.push({ name: names.make(`${base.from?.join('-') ?? 'default'}-${word}`, 'rule'), action, ...base, ...conditions, origin: line.origin })
  }
  for (const word of words) {
    const not = word.startsWith('!')
    const name = not ? word.slice(1) : word
    if (name === 'any' || name === 'all' || name === 'none') {
      add((name === 'none') === not ? 'allow' : 'deny', word)
      return rules
    }
    if (name === 'in-addr') add(not ? 'deny' : 'allow', 'numeric', { host: ['numeric'] })
    else if (!known.lists.has(name)) {
      findings.lost(line, `no \`dest\` says what \`${name}\` is`)
      return undefined
    } else {
      const list = known.lists.get(name)
      if (list === undefined) findings.implied(line, `\`${name}\` is empty`)
      else add(not ? 'deny' : 'allow', name, { list: [list.name] })
    }
  }
  add('deny', 'rest')
  return rules
}

export function importSquidGuard(files: readonly ImportFile[]): Imported | ImportProblem {
  const findings = new Findings()
  const maker = new NameMaker()
  const groupNames = new NameMaker()
  const known = read(new Reader(tokensOf(files)).statements(), findings, new NameMaker())
  if (known.acl === undefined) return { file: files[0]?.name ?? '', message: 'no `acl { ... }` stands in it', hint: 'name squidGuard.conf' }
  const rules: WebRuleDraft[] = []
  const addresses = new Map<string, readonly string[]>()
  const schedules = new Map<string, readonly string[]>()
  const write = (block: Statement, body: readonly Statement[], base: Omit<WebRuleDraft, 'name' | 'action'>): void => {
    const pass = body.find(({ words }) => words[0] === 'pass')
    const made = pass === undefined ? undefined : passRules(pass.line, pass.words.slice(1), known, base, maker, findings)
    if (pass === undefined) findings.changed(block.line, 'no `pass` stands in it: everything is denied here')
    // else a later block would decide for these clients
    rules.push(...(made ?? [{ name: maker.make(`${base.from?.join('-') ?? 'default'}-closed`, 'rule'), action: 'deny' as const, ...base, origin: block.line.origin }]))
    for (const { line, words: [word = ''] } of body) if (word === 'rewrite' || word === 'redirect') findings.lost(line, word === 'redirect' ? 'a refusal is answered by the gateway\'s own page, with the rule and its reason' : 'what is asked is never rewritten here')
  }
  const blocks = known.acl.body.filter(({ words }) => words[0] !== 'default')
  const last = known.acl.body.find(({ words }) => words[0] === 'default')
  for (const block of blocks) {
    const [name = '', when, time = ''] = block.words
    const source = known.sources.get(name)
    if (source === undefined || source.problem !== undefined) {
      findings.lost(block.line, source === undefined ? `no \`src\` says who \`${name}\` is` : `\`${name}\`: ${source.problem ?? ''}`, 'these clients are judged by what follows: see that it does not allow them more')
      // whom it names in part must not fall to a later block that allows more
      if (source === undefined || source.words.length === 0) continue
    }
    const group = [...addresses].find(([, words]) => words === source.words)?.[0] ?? groupNames.make(name, 'group')
    addresses.set(group, source.words)
    const from = [group]
    if (source.problem !== undefined) {
      rules.push({ name: maker.make(`${group}-closed`, 'rule'), action: 'deny', from, origin: block.line.origin })
      continue
    }
    if (when === undefined) {
      write(block, block.body, { from })
      continue
    }
    const windows = known.times.get(time)
    if ((when !== 'within' && when !== 'outside') || windows === undefined) {
      findings.lost(block.line, `the time \`${time}\` cannot be said: these clients are denied`, 'write a schedule of the policy')
      rules.push({ name: maker.make(`${group}-closed`, 'rule'), action: 'deny', from, origin: block.line.origin })
      continue
    }
    const schedule = groupNames.make(`${time}-time`, 'time')
    schedules.set(schedule, windows)
    const [inside, outside] = when === 'within' ? [block.body, block.otherwise] : [block.otherwise, block.body]
    const timed = { from, schedule: [schedule] }
    // without `else` the default decides at the other times
    if (inside.length > 0) write(block, inside, timed)
    else if (last !== undefined) write(last, last.body, timed)
    if (outside.length > 0) write(block, outside, { from })
  }
  if (last === undefined) findings.assumed(files[0]?.name ?? '', 'no `default` stands in it: everybody else is denied')
  else write(last, last.body, {})
  findings.assumed(files[0]?.name ?? '', 'which ports are open is Squid\'s to say, and not in this file: 80, 443 and those above 1024, tunnels to 443')
  const used = new Set(rules.flatMap(({ list }) => list ?? []))
  return {
    draft: {
      head: ['Made from the configuration of a squidGuard. Its lists are read where they are: as text, not as its databases.'],
      name: 'squidguard', addresses: [...addresses], schedules: [...schedules], lists: [...known.lists.values()].filter((list) => list !== undefined).filter(({ name }) => used.has(name)),
      rules: [{ name: 'proxy', action: 'allow', from: ['any'], to: ['gateway'], services: ['proxy'], note: 'who may ask at all: the web rules say for what' }],
      web: { default: 'deny', rules },
    },
    files: [], findings: findings.all, carried: `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`,
  }
}
