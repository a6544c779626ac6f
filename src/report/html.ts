// A report as one HTML file that needs nothing else: no script, no font, no picture from anywhere. Danger prevented: a host's name or a URL that a client
// chose, run as script by whoever opens the report (all text is escaped, and the page forbids scripts).
import { visible } from '../policy/visible.ts'
import { columnsSvg, escapeHtml, hoursSvg, trafficSvg, weekSvg } from './charts.ts'
import type { ClientPage, Figures } from './figures.ts'
import { STYLE } from './html-style.ts'
import { sections, summary } from './sections.ts'
import type { Section } from './sections.ts'
import { timeSpans } from './spans.ts'
import { bytesText, countText, momentText, msText, shareText } from './words.ts'

function safe(text: string): string {
  return escapeHtml(visible(text))
}

function anchor(title: string): string {
  return title.toLowerCase().replace(/[^a-z]+/g, '-').replace(/-$/, '')
}

function tableHtml({ head, rows, right }: Section): string {
  const share = head.indexOf('share')
  const denied = head.indexOf('denied')
  const shares = rows.map((row) => Number.parseFloat(row[share] ?? '') || 0)
  const most = Math.max(1, ...shares)
  const titles = head.some((each) => each !== '') ? `<thead><tr>${head.map((text, at) => `<th${right.includes(at) ? ' class="r"' : ''}>${safe(text)}</th>`).join('')}</tr></thead>` : ''
  const body = rows.map((row, line) => `<tr>${row.map((text, at) => {
    const kinds = [...(right.includes(at) ? ['r'] : []), ...(at === 0 && share > 0 ? ['bar'] : []), ...(at === denied && text !== '0' ? ['bad'] : [])]
    const width = at === 0 && share > 0 ? ` style="--share:${(((shares[line] ?? 0) / most) * 100).toFixed(1)}%"` : ''
    return `<td${kinds.length === 0 ? '' : ` class="${kinds.join(' ')}"`}${width}>${safe(text)}</td>`
  }).join('')}</tr>`)
  return `<table>${titles}<tbody>${body.join('')}</tbody></table>`
}

function sectionHtml(section: Section): string {
  const { title, rows, more } = section
  return `<section id="${anchor(title)}"${rows.length > 25 ? ' class="long"' : ''}><h2>${safe(title)}</h2>${tableHtml(section)}${more === undefined ? '' : `<p class="more">… ${safe(more)}</p>`}</section>`
}

function tiles({ total, counts }: Figures): string {
  const each: readonly (readonly [string, string])[] = [
    [countText(total.requests), 'requests'], [shareText(total.denied, total.requests), `denied (${countText(total.denied)})`], [shareText(total.errors, total.requests), `failed (${countText(total.errors)})`],
    [bytesText(total.bytesOut), 'received'], [countText(counts.clients), 'clients'], [countText(counts.sites), 'sites'], [total.requests === 0 ? '-' : msText(total.ms / total.requests), 'mean time'],
  ]
  return `<div class="tiles">${each.map(([value, name]) => `<div class="tile"><b>${safe(value)}</b><span>${safe(name)}</span></div>`).join('')}</div>`
}

function pageHtml({ client, sites, hours, denied }: ClientPage, open: boolean, total: number): string {
  const requests = hours.reduce((sum, value) => sum + value, 0)
  const own: Section = {
    title: 'Sites', head: ['site', 'requests', 'share', 'denied', 'received'], right: [1, 2, 3, 4],
    rows: sites.map((row) => [row.key, countText(row.requests), shareText(row.requests, requests), countText(row.denied), bytesText(row.bytesOut)]),
  }
  const refused: Section = {
    title: 'Denied', head: ['URL', 'times', 'last', 'rule', 'why'], right: [1],
    rows: denied.map((row) => [row.target, countText(row.requests), momentText(row.last), row.rule, row.reason]),
  }
  return `<details${open ? ' open' : ''}><summary><b>${safe(client)}</b><span>${countText(requests)} requests, ${shareText(requests, total)}</span></summary>
<h3>By the hour of the day</h3>${hoursSvg(hours)}<h3>Sites</h3>${tableHtml(own)}${denied.length === 0 ? '' : `<h3>Denied URLs</h3>${tableHtml(refused)}`}</details>`
}

const KEY = '<p class="key"><i class="allowed" style="background:var(--allowed)"></i>allowed<i style="background:var(--failed)"></i>failed<i style="background:var(--denied)"></i>denied</p>'
const TRAFFIC_KEY = '<p class="key"><i style="background:var(--out)"></i>to clients<i style="background:var(--in)"></i>from clients</p>'

/** `now`: when it was made, epoch milliseconds. */
export function reportHtml(figures: Figures, now: number): string {
  const { from, to, client, denied, hours, pages, total } = figures
  const lists = sections(figures).filter(({ title }) => title !== 'Summary')
  const what = `${denied ? 'What was denied' : 'Web use'}${client === undefined ? '' : ` of ${client}`}`
  const when = from === undefined || to === undefined ? 'no requests' : `${momentText(from)} to ${momentText(to)}`
  const spans = timeSpans(hours)
  const charts = hours.length === 0 ? '' : `<section id="over-time"><h2>Requests over time</h2>${columnsSvg(spans, 'requests over time')}${KEY}</section><section id="traffic"><h2>Traffic over time</h2>${trafficSvg(spans, 'traffic over time')}${TRAFFIC_KEY}</section><section id="week"><h2>Hours of the week</h2>${weekSvg(hours)}</section>`
  const clients = pages.length === 0 ? '' : `<section id="clients" class="long"><h2>Client by client</h2>${pages.map((page) => pageHtml(page, pages.length === 1, total.requests)).join('')}</section>`
  const links = [['over-time', 'Over time'], ['traffic', 'Traffic'], ['week', 'Week'], ...lists.map(({ title }) => [anchor(title), title]), ['clients', 'Client by client']]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${safe(what)}, ${safe(when)}</title><style>${STYLE}</style></head>
<body><main><h1>${safe(what)}</h1><p class="when">${safe(when)} · made ${safe(momentText(now))} by greengate</p>
${tiles(figures)}
<nav>${links.map(([id = '', title = '']) => `<a href="#${id}">${safe(title)}</a>`).join('')}</nav>
${charts}
${sectionHtml(summary(figures))}
${lists.map(sectionHtml).join('\n')}
${clients}
</main></body></html>
`
}
