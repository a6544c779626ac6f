// The scorecard of a drill: a row a way, a column a client. Danger prevented: a hundred lines of "closed" in which nobody sees the one that is not.
import { summaryOf } from '../plane/drill/score.ts'
import type { Scored } from '../plane/drill/score.ts'
import { table } from './table.ts'

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

function cell({ outcome, because, place }: Scored): string {
  switch (outcome) {
    case 'closed': return 'closed'
    case 'open': return `open: ${because}`
    case 'observed': return 'open: observed only'
    case 'hole': return 'HOLE'
    case 'broken': return `BROKEN: ${because}${place === undefined ? '' : ` (${place})`}`
    case 'not tried': return 'not tried'
  }
}

/** Without the address, which is another for each. */
function wayOf({ what }: Scored): string {
  const match = /^((?:tcp|udp|icmp|ip)\/\d*) to (\S+)$/.exec(what)
  if (match === null) return what
  return `${match[1] ?? ''} ${(match[2] ?? '').includes(':') ? 'IPv6' : 'IPv4'}`
}

function worst(rows: readonly Scored[]): number {
  return Math.max(...rows.map(({ outcome }) => ['not tried', 'closed', 'open', 'observed', 'broken', 'hole'].indexOf(outcome)))
}

export function scorecardText(scored: readonly Scored[]): string {
  const clients = [...new Set(scored.map(({ client }) => client))]
  const rows = new Map<string, Scored[]>()
  for (const each of scored) {
    const key = `${each.title}\n${wayOf(each)}`
    const before = rows.get(key)
    if (before === undefined) rows.set(key, [each])
    else before.push(each)
  }
  const shown = [...rows].map(([key, list]) => {
    const [title = '', way = ''] = key.split('\n')
    const cells = clients.map((client) => {
      // several addresses of the gateway in one row: the worst of them
      const own = list.filter((each) => each.client === client)
      const told = own.toSorted((a, b) => worst([b]) - worst([a]))[0]
      return told === undefined ? '-' : cell(told)
    })
    return [title, way, ...cells]
  })
  return table(['way', 'packet or request', ...clients], shown)
}

export function summaryText(scored: readonly Scored[], where: string): string {
  const { tried, closed, open, observed, holes, broken, notTried } = summaryOf(scored)
  const parts = [
    `${closed} closed`, ...(open > 0 ? [`${open} open by the policy's rules`] : []), ...(observed > 0 ? [`${observed} open because the policy only observes`] : []),
    holes === 0 ? 'no hole' : count(holes, 'HOLE'), ...(broken > 0 ? [`${broken} closed though the policy opens ${broken === 1 ? 'it' : 'them'}`] : []), ...(notTried > 0 ? [`${notTried} not tried`] : []),
  ]
  const bad = scored.filter(({ outcome }) => outcome === 'hole' || outcome === 'broken')
  const detail = bad.map(({ client, title, what, outcome, because, place }) => `  ${outcome === 'hole' ? 'HOLE' : 'BROKEN'}: ${client}, ${title}: ${what} ${outcome === 'hole' ? 'got out, and the policy denies it' : 'was stopped, and the policy allows it'} (${because}${place === undefined ? '' : `, ${place}`})\n`)
  return `${where}: ${count(tried, 'attempt')}: ${parts.join(', ')}\n${detail.join('')}`
}
