// Squid's `http_access` lines, in their order, as web rules. Danger prevented: a denial that cannot be said and is left out, so that an allowance behind it holds for what it closed: from there on
// allowances are written switched off.
import type { WebRuleDraft } from '../draft.ts'
import type { Findings, SourceLine } from '../finding.ts'
import { NameMaker } from '../names.ts'
import type { Acl, Acls, Key } from './acls.ts'

interface Part {
  readonly acl: Acl
  readonly not: boolean
}

interface Access {
  readonly line: SourceLine
  readonly allow: boolean
  readonly names: readonly string[]
}

export interface Rules {
  readonly rules: readonly WebRuleDraft[]
  readonly default: 'allow' | 'deny'
  readonly ports: readonly string[]
  readonly connectPorts: readonly string[]
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly schedules: ReadonlyMap<string, readonly string[]>
}

const EVERY = ['1-65535']
const GROUPED: ReadonlySet<Key> = new Set<Key>(['from', 'to', 'host'])
/** As many stand in a rule itself. */
const FEW = 2

function range(word: string): readonly [number, number] {
  const [first = 0, last] = word.split('-').map(Number)
  return [first, last ?? first]
}

function both(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.flatMap((one) => b.flatMap((other) => {
    const first = Math.max(range(one)[0], range(other)[0])
    const last = Math.min(range(one)[1], range(other)[1])
    return first > last ? [] : [first === last ? String(first) : `${first}-${last}`]
  }))
}

export class AccessReader {
  readonly #acls: Acls
  readonly #findings: Findings
  readonly #names = new NameMaker()
  readonly #groups = new Map<string, readonly string[]>()
  readonly #schedules = new Map<string, readonly string[]>()
  readonly #groupNames = new Map<string, string>()
  readonly #groupMaker = new NameMaker()
  readonly #rules: WebRuleDraft[] = []
  /** what must hold for all that follows: everything else was denied */
  readonly #required: Acl[] = []
  #ports: readonly string[] = EVERY
  #connect: readonly string[] | undefined
  /** the line of the first denial that could not be said */
  #open: SourceLine | undefined
  #allowed = false

  constructor(acls: Acls, findings: Findings) {
    this.#acls = acls
    this.#findings = findings
  }

  read(lines: readonly Access[]): Rules {
    let last: 'allow' | 'deny' | undefined
    for (const [index, access] of lines.entries()) {
      last = this.#one(access, !lines.slice(index + 1).some(({ allow }) => allow))
      if (last === undefined) continue
      for (const rest of lines.slice(index + 1)) this.#findings.implied(rest.line, 'a line before it decides everything')
      break
    }
    // Squid: the opposite of the last line
    const end = last ?? (lines.at(-1)?.allow === false ? 'allow' : 'deny')
    if (last === undefined && end === 'allow' && lines[0] !== undefined) this.#all(lines.at(-1)?.line ?? lines[0].line)
    const open = (last === 'allow' || (last === undefined && end === 'allow')) && this.#required.length === 0 && this.#open === undefined
    return { rules: this.#rules, default: open ? 'allow' : 'deny', ports: this.#ports, connectPorts: this.#connect === undefined ? this.#ports : both(this.#connect, this.#ports), groups: this.#groups, schedules: this.#schedules }
  }

  /** What was not denied is allowed: a rule where something must hold, else the default. */
  #all(line: SourceLine): void {
    if (this.#required.length > 0) this.#write({ line, allow: true, names: ['rest'] }, [], 'allow')
    else if (this.#open !== undefined) this.#findings.changed(line, 'everything else was allowed, and stays closed here: a denial before it could not be carried over', 'say it in the policy, then set `web.default: allow`')
  }

  /** The verdict of a line that decides everything. */
  #one(access: Access, lastAllow: boolean): 'allow' | 'deny' | undefined {
    const { line, allow, names } = access
    const parts: Part[] = []
    for (const word of names) {
      const not = word.startsWith('!')
      const acl = this.#acls.get(not ? word.slice(1) : word)
      if (acl === 'all') {
        if (not) return void this.#findings.implied(line, '`!all` is never')
        continue
      }
      if (acl === 'manager' && !not) return void this.#findings.implied(line, 'there is no cache manager here')
      if (acl === 'closed' && !not && !allow) return void this.#findings.implied(line, 'private destinations are closed')
      if (acl === undefined || typeof acl === 'string') return this.#lost(access, acl === undefined ? `no \`acl\` says what \`${word}\` is` : `\`${word}\` cannot be said of an allowance`)
      if (acl.problem !== undefined) return this.#lost(access, `\`${acl.name}\`: ${acl.problem}`)
      parts.push({ acl, not })
    }
    const is = parts.filter(({ not }) => !not).map(({ acl }) => acl)
    const isNot = parts.filter(({ not }) => not).map(({ acl }) => acl)
    if (isNot.length === 0) {
      if (is.length > 0) return void this.#write(access, is, allow ? 'allow' : 'deny')
      if (allow) this.#all(line)
      return allow ? 'allow' : 'deny'
    }
    const [only] = isNot
    if (!allow && isNot.length === 1 && only !== undefined) {
      if (is.length === 0) return this.#mustHold(only)
      if (!this.#allowed && only.key === 'ports' && is.length === 1 && is[0]?.key === 'methods' && is[0].words.join() === 'CONNECT') {
        this.#connect = this.#connect === undefined ? only.words : both(this.#connect, only.words)
        return undefined
      }
    }
    // what it leaves out is denied by all that follows
    if (allow && lastAllow) {
      for (const acl of isNot) this.#write(access, [...is, acl], 'deny')
      return void this.#write(access, is, 'allow')
    }
    return this.#lost(access, `\`!\` is not in the language: ${names.join(' ')}`)
  }

  #mustHold(acl: Acl): undefined {
    if (acl.key === 'ports' && !this.#allowed) this.#ports = both(this.#ports, acl.words)
    else this.#required.push(acl)
    return undefined
  }

  #lost({ line, allow }: Access, why: string): undefined {
    this.#findings.lost(line, why, allow ? 'what it allowed stays closed' : 'say it in another way, then switch the allowances behind it on: they are written with `enabled: false`')
    if (!allow) this.#open ??= line
    return undefined
  }

  #write(access: Access, own: readonly Acl[], action: 'allow' | 'deny'): void {
    const { line, names } = access
    const conditions: { [K in Key]?: readonly string[] } = {}
    for (const acl of [...own, ...(action === 'allow' ? this.#required : [])]) {
      if (acl.key === undefined) continue
      if (conditions[acl.key] !== undefined && conditions[acl.key]?.join() !== this.#words(acl).join()) {
        this.#lost({ ...access, allow: action === 'allow' }, `two conditions of one kind (\`${acl.key}\`) must both hold, which the language cannot say`)
        return
      }
      conditions[acl.key] = this.#words(acl)
      if (acl.change !== undefined) this.#findings.changed(line, `\`${acl.name}\`: ${acl.change}`)
    }
    const off = action === 'allow' && this.#open !== undefined
    if (off) this.#findings.changed(line, 'written with `enabled: false`: a denial before it could not be carried over', 'switch it on once that is said: `greengate rules enable`')
    if (action === 'allow') this.#allowed = true
    this.#rules.push({
      name: this.#names.make(names.filter((word) => !word.startsWith('!')).join('-'), action), action, ...conditions, origin: line.origin,
      ...(off ? { enabled: false as const, note: 'off: a denial before it could not be carried over' } : {}),
    })
  }

  /** A name for what is long; a schedule has always one. */
  #words({ name, key, words }: Acl): readonly string[] {
    if (key === undefined || (key !== 'schedule' && !(GROUPED.has(key) && words.length > FEW))) return words
    const id = `${key} ${name}`
    let group = this.#groupNames.get(id)
    if (group === undefined) {
      group = this.#groupMaker.make(name, key === 'schedule' ? 'time' : 'group')
      this.#groupNames.set(id, group)
      if (key === 'schedule') this.#schedules.set(group, words)
      else this.#groups.set(group, words)
    }
    return [group]
  }
}
