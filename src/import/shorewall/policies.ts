// Shorewall's `policy`: what becomes of what no rule decided, pair of zones by pair of zones, the first line that fits. Danger prevented: a
// default that is taken from one pair and holds for all.
import type { GatewayDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import type { PlaceRead } from './places.ts'
import { column } from './rows.ts'
import type { Row } from './rows.ts'
import type { RuleReader } from './rules.ts'
import type { Zone, Zones } from './zones.ts'

const VERDICTS: Readonly<Record<string, 'allow' | 'drop' | 'reject'>> = { ACCEPT: 'allow', DROP: 'drop', REJECT: 'reject', BLACKLIST: 'drop' }

interface Side {
  readonly names: readonly string[]
  readonly place: PlaceRead
}

export function isPolicyWord(text: string): boolean {
  return /^(?:ACCEPT|DROP|REJECT|BLACKLIST|CONTINUE|QUEUE|NFQUEUE|NONE)(?:[:(].*)?$/.test(text)
}

function verdictOf(row: Row): 'allow' | 'drop' | 'reject' | undefined {
  return VERDICTS[(row.columns[2] ?? '').replace(/[:(].*$/, '')]
}

function fits(text: string, names: readonly string[]): boolean {
  const all = /^all\+?(?:!([\w,]+))?$/.exec(text)
  if (all !== null) return !(all[1]?.split(',') ?? []).some((each) => names.includes(each))
  return text.replace(/\+$/, '').split(',').some((each) => names.includes(each))
}

export function readPolicies(rows: readonly Row[], zones: Zones, reader: RuleReader, findings: Findings): Pick<GatewayDraft, 'output' | 'default'> {
  const known = rows.filter((row) => tellRow(row, zones, findings))
  const used = new Set<Row>()
  const find = (from: Side, to: Side): Row | undefined => {
    const row = known.find((each) => fits(each.columns[0] ?? '', from.names) && fits(each.columns[1] ?? '', to.names))
    if (row !== undefined) used.add(row)
    return row
  }
  const gateway = sideOf(names(zones, known, 'gateway'), 'gateway', { kind: 'gateway' })
  const internet = sideOf(names(zones, known, 'internet'), 'internet', { kind: 'internet' })
  const lans = zones.lans.map(([name, zone]) => sideOf([name], zone.word, zone))
  const [main] = lans
  const outward = lans.map((lan) => find(lan, internet)).find((row) => row !== undefined && verdictOf(row) !== 'allow')
  const inward = lans.map((lan) => find(lan, gateway)).find((row) => row !== undefined && verdictOf(row) !== 'allow')
  const decides = outward ?? inward
  const verdict = decides === undefined ? undefined : verdictOf(decides)
  const action = verdict === 'reject' ? 'reject' : 'drop'
  if (main !== undefined && rows.length > 0 && decides === undefined) findings.assumed(rows[0]?.line.origin.file ?? 'policy', 'no line says what becomes of what no rule decides: it is dropped')
  const output = find(gateway, internet)
  const outputVerdict = output === undefined ? undefined : verdictOf(output) === 'allow' ? 'allow' : 'drop'
  if (output !== undefined && verdictOf(output) === 'reject') findings.changed(output.line, 'what the gateway sends itself is dropped, not rejected: `gateway.output` is `allow` or `drop`')
  const add = (row: Row | undefined, from: Side, to: Side, unlessIs: 'allow' | 'drop' | 'reject'): void => {
    const said = row === undefined ? undefined : verdictOf(row)
    if (row === undefined || said === undefined || said === unlessIs) return
    reader.add({ ...row, columns: ['policy', from.names[0] ?? '', to.names[0] ?? ''] }, said, from.place, to.place, undefined, false, 'policy')
  }
  for (const lan of lans) {
    for (const other of [internet, gateway, ...lans.filter((each) => each !== lan)]) add(find(lan, other), lan, other, action)
    add(find(gateway, lan), gateway, lan, outputVerdict ?? 'allow')
  }
  for (const row of known) if (!used.has(row)) tellUnused(row, findings)
  return {
    ...(outputVerdict === undefined ? {} : { output: outputVerdict }),
    default: { action, log: decides === undefined || column(decides, 3) !== '' },
  }
}

function sideOf(names: readonly string[], word: string, zone: Zone): Side {
  return { names, place: { words: [word], kinds: [zone.kind], masked: [] } }
}

/** Every name that such a zone has: `fw` and `firewall`, `net` and `wan`. */
function names(zones: Zones, rows: readonly Row[], kind: 'gateway' | 'internet'): string[] {
  const found = rows.flatMap((row) => [row.columns[0] ?? '', row.columns[1] ?? '']).flatMap((each) => each.split(/[,!+]/)).filter((each) => zones.get(each)?.kind === kind)
  return [...new Set([kind === 'gateway' ? 'fw' : 'net', ...found])]
}

/** False: the row decides nothing here. */
function tellRow(row: Row, zones: Zones, findings: Findings): boolean {
  const [source = '', dest = '', policy = ''] = row.columns
  const lost = (message: string, hint?: string): false => {
    findings.lost(row.line, message, hint)
    return false
  }
  if (row.conditional) return lost('it stands under a condition that only Shorewall can judge')
  if (!isPolicyWord(policy)) return lost('this is no line of a policy', 'a line has SOURCE, DEST and POLICY: `loc net DROP`')
  if (verdictOf(row) === undefined) return lost(`\`${policy}\` does not say what becomes of the packet`, 'what no rule decides is dropped')
  for (const text of [source, dest]) {
    const unknown = text.replace(/^all\+?!?/, '').split(/[,+]/).find((each) => each !== '' && zones.get(each) === undefined)
    if (unknown !== undefined) return lost(`nothing says who is in the zone \`${unknown}\``, 'write its network in Shorewall\'s file `hosts` and name that too: `dmz eth2:192.168.2.0/24`')
  }
  for (const [at, what] of [[4, 'a rate limit'], [5, 'a limit of connections']] as const) if (column(row, at) !== '') findings.changed(row.line, `${what} (\`${column(row, at)}\`) is not carried over`)
  return true
}

function tellUnused(row: Row, findings: Findings): void {
  const [source = ''] = row.columns
  if (verdictOf(row) === 'allow' && !/^all/.test(source)) findings.lost(row.line, 'what comes in through red is closed, and no policy opens it', 'Greengate guards what goes out')
  else findings.implied(row.line, 'it holds in any case: what comes in through red is closed')
}
