// An explanation for a person: the verdict first, then who asked for what, then each thing that was tried, one line each.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { Explanation, ExplainQuestion, Plane } from '../decision/explain.ts'
import { groupOf } from '../decision/group.ts'
import { escapeText } from '../log/escape.ts'

const WIDEST = 44

function table(rows: readonly (readonly string[])[], indent: string): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, Math.min(cell.length, WIDEST))))
  return rows.map((row) => `${indent}${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ')}`.trimEnd())
}

function asked(question: ExplainQuestion): string {
  const { ask } = question
  if (ask.kind === 'web') return `${ask.method} ${ask.uri}`
  return ask.packets.map(({ protocol, port, to }) => `${protocol}${port === undefined ? '' : `/${port}`} to ${to.text}`).join(', ')
}

function limitText(limit: string, per: Plane['per']): string {
  if (limit === 'low') return 'behind all else'
  return `at ${limit} at most${per === 'client' ? ' for each client' : ''}`
}

function planeRow(name: string, plane: Plane): string[] {
  const observed = plane.observed === true ? 'allow (observed)' : plane.verdict
  const told = [
    ...(plane.packet === undefined ? [] : [`${plane.packet}: ${plane.action ?? ''}`]),
    ...(plane.caught === true ? ['caught by the proxy'] : []),
    ...(plane.answer === undefined ? [] : [`answered with ${plane.answer}`]),
    ...(plane.limit === undefined ? [] : [limitText(plane.limit, plane.per)]),
  ]
  return [name, observed, `by ${plane.rule}`, told.join(', ')]
}

export function explanationText(compiled: CompiledPolicy, question: ExplainQuestion, explanation: Explanation): string {
  const { client, via, ask, addresses } = question
  const { verdict, rule, reason, planes, trace } = explanation
  const decided = ask.kind === 'web' ? planes.proxy : planes.direct
  const place = decided?.place === undefined ? '' : ` (${decided.place})`
  const group = groupOf(compiled, client)
  const who = [client.address.text, client.mac ?? '', group === undefined ? '' : `in ${group}`].filter((part) => part !== '').join(', ')
  const facts: string[][] = [['client', ask.kind === 'web' ? `${who}; asks the proxy at ${via.text}` : who], [ask.kind === 'web' ? 'request' : 'packet', asked(question)]]
  if (addresses !== undefined) facts.push(['addresses', addresses.map((ip) => ip.text).join(', ')])
  const observed = explanation.observed === true ? ' (mode observe: it would be denied)' : ''
  const lines = [
    `${verdict} by ${rule}${place}${observed}`,
    `  ${reason}`,
    '',
    ...table(facts, ''),
    '',
    'tried, in order:',
    ...table(trace.map((step) => [step.what, step.place ?? '', step.result, step.detail ?? '']), '  '),
    '',
    ...table([...(planes.proxy === undefined ? [] : [planeRow('by the proxy', planes.proxy)]), planeRow('direct packet', planes.direct)], ''),
  ]
  return `${lines.map((line) => escapeText(line, 4096)).join('\n')}\n`
}
