// The lists of e2guardian as conditions of web rules: files of names and expressions become lists of the policy, addresses and file types stand in the rule. Danger prevented: one list that is asked by
// two functions and carried over for one.
import type { FileDraft, PolicyDraft, WebRuleDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import { NameMaker } from '../names.ts'
import { readList } from './lists.ts'
import type { ListPart } from './lists.ts'
import type { ListDefinition } from './options.ts'
import type { Shelf } from './shelf.ts'
import { bandOf, isNever, windowsOf } from './times.ts'
import type { Band } from './times.ts'

export type Conditions = Partial<Pick<WebRuleDraft, 'from' | 'to' | 'host' | 'uri' | 'contentType' | 'methods' | 'list' | 'schedule' | 'userAgent'>>

export interface Choice {
  readonly conditions: Conditions
  /** its hours are unknown */
  readonly bad: boolean
}

type Lists = NonNullable<PolicyDraft['lists']>[number]

const FEW = 3
/** As many expressions are tried in one rule. */
const MOST_ENDINGS = 400

function fileBase(path: string): string {
  return path.split('/').at(-1) ?? path
}

export class Conditioner {
  readonly #shelf: Shelf
  readonly #findings: Findings
  readonly #read = new Map<string, readonly ListPart[]>()
  readonly #listNames = new NameMaker()
  readonly #groupNames: NameMaker
  readonly #known = new Map<string, string>()
  readonly lists: Lists[] = []
  readonly files: FileDraft[] = []
  readonly groups = new Map<string, readonly string[]>()
  readonly schedules = new Map<string, readonly string[]>()

  constructor(shelf: Shelf, findings: Findings, groupNames: NameMaker) {
    this.#shelf = shelf
    this.#findings = findings
    this.#groupNames = groupNames
  }

  parts(definition: ListDefinition): readonly ListPart[] {
    const id = `${definition.type} ${definition.path}`
    const before = this.#read.get(id)
    if (before !== undefined) return before
    const parts = readList(definition, this.#shelf, this.#findings)
    this.#read.set(id, parts)
    return parts
  }

  /** `how` asks: of the site, of the whole URL, of the client, of its browser, of the answer, of the hour. Any of the choices is enough. */
  choices(definition: ListDefinition, how: string): readonly Choice[] {
    return this.parts(definition).flatMap((part): readonly Choice[] => {
      if (part.band !== undefined && isNever(part.band)) return []
      const schedule = part.band === undefined ? {} : { schedule: [this.#schedule(part.band)] }
      return this.#conditions(definition, part, how).map((conditions) => ({ conditions: { ...conditions, ...schedule }, bad: part.bad }))
    })
  }

  #conditions(definition: ListDefinition, part: ListPart, how: string): readonly Conditions[] {
    const { type, name } = definition
    if (part.entries.length === 0 && !part.stays) return []
    if (type === 'ip') return how === 'clientin' ? [{ from: [this.group(name, part.entries)] }] : []
    if (type === 'ipsite') return [{ host: ['numeric'], to: part.entries.length > FEW ? [this.group(`${name}-ip`, part.entries)] : part.entries }]
    if (type === 'mime') return [{ contentType: part.entries }]
    if (type === 'time') return part.entries.flatMap((text) => {
      const band = bandOf(text)
      return band === undefined || isNever(band) ? [] : [{ schedule: [this.#schedule(band)] }]
    })
    if (type === 'extension') {
      const endings = part.entries.map((each) => each.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      return Array.from({ length: Math.ceil(endings.length / MOST_ENDINGS) }, (_, at) => ({ uri: [`^http://[^/?]+/.*\\.(?:${endings.slice(at * MOST_ENDINGS, (at + 1) * MOST_ENDINGS).join('|')})(?:\\?|$)`] }))
    }
    if (type === 'regexp' && how === 'useragentin') return part.stays ? [] : [{ userAgent: part.entries }]
    return [{ list: [this.#list(definition, part)] }]
  }

  group(name: string, entries: readonly string[]): string {
    const id = `group ${entries.join(' ')}`
    const before = this.#known.get(id)
    if (before !== undefined) return before
    const made = this.#groupNames.make(name, 'group')
    this.#known.set(id, made)
    this.groups.set(made, entries)
    return made
  }

  #schedule(band: Band): string {
    const windows = windowsOf(band)
    const id = `time ${windows.join(' ')}`
    const before = this.#known.get(id)
    if (before !== undefined) return before
    const made = this.#groupNames.make(`time-${(windows[0] ?? '').replace(/[: ]+/g, '')}`, 'time')
    this.#known.set(id, made)
    this.schedules.set(made, windows)
    return made
  }

  #list(definition: ListDefinition, part: ListPart): string {
    const { type } = definition
    const id = `list ${type} ${part.name}`
    const before = this.#known.get(id)
    if (before !== undefined) return before
    const base = fileBase(part.name)
    // the files of a collection all have the same names: their folder tells them apart
    const made = this.#listNames.make(/^(?:domains|urls|expressions)$/.test(base) ? `${part.name.split('/').at(-2) ?? ''}-${base}` : base, 'list')
    this.#known.set(id, made)
    const path = part.stays ? part.path : `lists/e2guardian/${made}`
    if (!part.stays) this.files.push({ path, text: `${part.entries.join('\n')}\n` })
    if (part.stays && type === 'url') this.#findings.changed(definition.line, `\`${part.name}\` is read where it stands: its entries hold for the host that they name, not for what is below it`)
    this.lists.push(type === 'site' ? { name: made, domains: path } : part.stays && type === 'url' ? { name: made, urls: path } : { name: made, expressions: path })
    return made
  }
}
