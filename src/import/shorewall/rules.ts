// A row of Shorewall's `rules` as a rule of the policy, or as what is told instead. Danger prevented: a denial that could not be carried over,
// and behind it an allowance that now holds for all that it closed.
import type { RuleDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import { NameMaker } from '../names.ts'
import { readAction } from './actions.ts'
import type { ActionRead, Verdict } from './actions.ts'
import { readPlace } from './places.ts'
import type { PlaceRead } from './places.ts'
import { column } from './rows.ts'
import type { Row } from './rows.ts'
import { meet, reachesWeb, readServices } from './services.ts'
import type { Zone, Zones } from './zones.ts'

/** A denial that is not there any more; `undefined`: not known, so everything. */
interface Gap {
  readonly row: Row
  readonly from: readonly Zone['kind'][] | undefined
  readonly to: readonly Zone['kind'][] | undefined
  readonly services: readonly string[] | undefined
}

const LIMITS: readonly (readonly [at: number, what: string])[] = [[7, 'a rate limit'], [10, 'a limit of connections']]
const CONDITIONS: readonly (readonly [at: number, what: string, hint?: string])[] = [
  [5, 'a source port', 'whoever asks invents its own, so that it says nothing: remove it'], [6, 'an original destination'], [8, 'a user of the gateway', '`gateway.proxy.user` names the one who may open web connections'],
  [9, 'a mark'], [11, 'a time', 'write a schedule: `schedule: mon-fri 08:00-12:30`'], [12, 'a header of IPv6'], [13, 'a switch'],
]

export class RuleReader {
  readonly #zones: Zones
  readonly #findings: Findings
  readonly #names: NameMaker
  readonly #gaps: Gap[] = []
  readonly #rules: RuleDraft[] = []

  constructor(zones: Zones, findings: Findings, names: NameMaker) {
    this.#zones = zones
    this.#findings = findings
    this.#names = names
  }

  get rules(): readonly RuleDraft[] {
    return this.#rules
  }

  read(row: Row): void {
    const action = readAction(row.columns[0] ?? '')
    if (row.conditional) return this.#lose(row, action, 'it stands under a condition that only Shorewall can judge')
    if (row.section !== 'NEW' && row.section !== 'ALL' && row.section !== 'BLACKLIST') return this.#ofState(row, action)
    if (action.kind === 'fixed') return this.#findings.implied(row.line, action.message)
    if (action.kind === 'lost') return this.#lose(row, action, action.message, action.hint)
    if (row.columns.some((each) => each.startsWith(';'))) return this.#lose(row, action, 'words of iptables behind `;` are not read')
    const from = readPlace(column(row, 1), this.#zones, 'source')
    if (!from.ok) return this.#lose(row, action, from.message, from.hint)
    const to = readPlace(column(row, 2), this.#zones, 'dest')
    if (!to.ok) return this.#lose(row, action, to.message, to.hint)
    const read = readServices(column(row, 3), column(row, 4))
    if (read.ok === false) return this.#lose(row, action, read.message, read.hint, from.place, to.place)
    if (read.ok === 'state') return this.#findings.implied(row.line, 'such ICMP passes with the flow that it belongs to, and begins nothing')
    if (action.macro !== undefined && (column(row, 3) !== '' || column(row, 4) !== '')) return this.#lose(row, action, 'a macro with a protocol or ports of its own', 'write the rule without the macro', from.place, to.place)
    const condition = CONDITIONS.find(([at]) => column(row, at) !== '')
    const services = action.macro?.there ?? read.services
    if (condition !== undefined) return this.#lose(row, action, `${condition[1]} (\`${column(row, condition[0])}\`) is no condition of a rule`, condition[2], from.place, to.place, services)
    for (const [at, what] of LIMITS) if (column(row, at) !== '') this.#findings.changed(row.line, `${what} (\`${column(row, at)}\`) is not carried over: the rule holds without it`)
    if (read.told !== undefined) this.#findings.changed(row.line, read.told.message, read.told.hint)
    for (const masked of [...from.place.masked, ...to.place.masked]) this.#findings.changed(row.line, `${masked}: iptables masks the rest away`)
    if (action.macro !== undefined && action.macro.back.length > 0) this.add(row, action.verdict, to.place, from.place, action.macro.back, action.log, `${action.name ?? ''}-back`)
    this.add(row, action.verdict, from.place, to.place, services, action.log, action.name)
  }

  /** `label`: of the macro. */
  add(row: Row, verdict: Verdict, from: PlaceRead, to: PlaceRead, services: readonly string[] | undefined, log: boolean, label?: string): void {
    const outward = from.kinds.filter((kind) => kind !== 'internet')
    if (outward.length === 0) {
      if (verdict === 'allow') this.#findings.lost(row.line, 'what comes in through red is closed, and no rule opens it', 'Greengate guards what goes out: keep a server behind another firewall, or in a table of its own beside it')
      else this.#findings.implied(row.line, 'what comes in through red is closed in any case')
      return
    }
    if (verdict === 'allow' && from.kinds.includes('internet') && to.kinds.some((kind) => kind !== 'internet')) this.#findings.changed(row.line, 'what comes in through red stays closed: the rule speaks of the rest of `all`')
    const gap = verdict === 'allow' ? this.#gaps.find((each) => isOver(each, outward, to.kinds, services)) : undefined
    if (gap !== undefined) this.#findings.changed(row.line, `this allows what line ${gap.row.line.origin.line} of \`${gap.row.line.origin.file}\` closed, which could not be carried over: it is written with \`enabled: false\``, 'write that rule anew before this one, then remove `enabled: false`')
    const direct = verdict === 'allow' && gap === undefined && from.kinds.includes('lan') && to.kinds.includes('internet') && reachesWeb(services)
    if (direct) this.#findings.changed(row.line, 'this lets Green reach the web round the proxy: `direct: true` says that it is meant', 'when the clients use the proxy, remove the rule')
    this.#rules.push({
      name: this.#names.make(nameOf(verdict, row, services, label), 'rule'), action: verdict, from: from.words, to: to.words, ...(services === undefined ? {} : { services }),
      ...(gap === undefined ? {} : { enabled: false as const }), ...(direct ? { direct: true as const } : {}), ...(log ? { log: true as const } : {}),
      ...(row.remark === undefined ? {} : { remark: row.remark }), origin: row.line.origin,
    })
  }

  /** Rows of sections that speak of packets whose flow is there already. */
  #ofState(row: Row, action: ActionRead): void {
    const denies = action.kind === 'verdict' && action.verdict !== 'allow'
    if (row.section === 'INVALID' || !denies) return this.#findings.implied(row.line, `packets of the state ${row.section} are judged by the firewall's own head`)
    this.#findings.lost(row.line, `a denial of packets of the state ${row.section}: flows are judged as they begin`, 'deny what begins them, in the section NEW: running flows are cut')
  }

  #lose(row: Row, action: ActionRead, message: string, hint?: string, from?: PlaceRead, to?: PlaceRead, services?: readonly string[]): void {
    this.#findings.lost(row.line, message, hint)
    if (action.kind === 'lost' ? !action.mayDeny : action.kind === 'fixed' || action.verdict === 'allow') return
    const known = services ?? (action.kind === 'verdict' && action.macro !== undefined ? action.macro.there : undefined)
    this.#gaps.push({ row, from: from?.kinds ?? this.#kinds(row, 1, 'source'), to: to?.kinds ?? this.#kinds(row, 2, 'dest'), services: known ?? this.#services(row) })
  }

  #kinds(row: Row, at: number, side: 'source' | 'dest'): readonly Zone['kind'][] | undefined {
    const text = column(row, at)
    const read = readPlace(text.replace(/:.*$/, ''), this.#zones, side)
    return read.ok ? read.place.kinds : undefined
  }

  #services(row: Row): readonly string[] | undefined {
    const read = readServices(column(row, 3), column(row, 4))
    return read.ok === true ? read.services : undefined
  }
}

function isOver(gap: Gap, from: readonly Zone['kind'][], to: readonly Zone['kind'][], services: readonly string[] | undefined): boolean {
  const some = (a: readonly Zone['kind'][] | undefined, b: readonly Zone['kind'][]): boolean => a === undefined || a.some((kind) => b.includes(kind))
  return some(gap.from, from) && some(gap.to, to) && meet(gap.services, services)
}

/** `loc-net-tcp-25`, `drop-loc-net-tcp-7201`, `Web-loc-net`: what records and reports will call it. */
function nameOf(verdict: Verdict, row: Row, services: readonly string[] | undefined, label: string | undefined): string {
  const zone = (at: number): string => column(row, at).replace(/:.*$/, '').replace(/^\$FW$/, 'fw')
  const what = label ?? (services === undefined ? '' : services.length > 2 ? `${services[0] ?? ''}-and-more` : services.join('-'))
  return [verdict === 'allow' ? '' : verdict, label === undefined ? '' : label, zone(1), zone(2), label === undefined ? what : ''].filter((part) => part !== '').join('-')
}
