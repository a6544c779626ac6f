// `greengate report`: who asked for what, how much, when, by which rule, from the store's sums or over a log. Danger prevented: a report that is empty
// because the client's name was misspelt, and reads as "he did nothing".
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { storeFigures } from '../gateway/store-figures.ts'
import { parseIp } from '../net/ip.ts'
import { reportCsv } from '../report/csv.ts'
import { DIMENSIONS, rowsOf } from '../report/figures.ts'
import type { Dimension, Figures } from '../report/figures.ts'
import { reportHtml } from '../report/html.ts'
import { reportText } from '../report/text.ts'
import { PID_FILE } from './ask-gateway.ts'
import { failure } from './exit.ts'
import { countOption, wordOption } from './options.ts'
import { Progress } from './progress.ts'
import { reportSums } from './report-source.ts'
import type { ReportPlace } from './report-source.ts'
import { say, sayError, sayJson, sayRaw } from './say.ts'
import { logsOption } from './seen-source.ts'
import { TIME_FORM, timeRange } from './time-range.ts'
import type { TimeOptions } from './time-range.ts'

const FORMATS = ['text', 'html', 'json', 'csv'] as const

interface ReportOptions extends TimeOptions, ReportPlace {
  readonly by?: readonly Dimension[]
  readonly client?: string
  readonly denied?: true
  readonly format?: (typeof FORMATS)[number]
  readonly top?: number
  readonly json?: true
}

const MOST_TEXT = 20
const MOST_HTML = 50
const EVERY = 1_000_000
const PAGES = 20

function byOption(text: string, before: readonly Dimension[] = []): readonly Dimension[] {
  return [...before, ...text.split(',').map((each) => {
    const found = DIMENSIONS.find((name) => name === each.trim())
    if (found === undefined) throw new InvalidArgumentError(`one of ${DIMENSIONS.join(', ')}, or several with commas between them`)
    return found
  })]
}

function jsonOf(figures: Figures, by: readonly Dimension[]): unknown {
  if (by.length === 0) return figures
  const { from, to, client, denied, total, counts, lost } = figures
  return { from, to, client, denied, total, counts, lost, ...Object.fromEntries(by.map((each) => [each, rowsOf(figures, each)])) }
}

async function report(options: ReportOptions): Promise<void> {
  const range = timeRange(options, Date.now())
  if (range === undefined) return
  const db = await reportSums(options, range)
  if (db === undefined) return
  const format = options.json === true ? 'json' : (options.format ?? 'text')
  const most = options.top ?? (format === 'text' ? MOST_TEXT : format === 'html' ? MOST_HTML : EVERY)
  const client = options.client === undefined ? {} : { client: parseIp(options.client)?.text ?? options.client }
  try {
    const progress = new Progress(1)
    const figures = storeFigures(db, { ...range, ...client, denied: options.denied === true, most, pages: PAGES }, (done) => progress.at(done))
    progress.end()
    const by = options.by ?? []
    if (figures.total.requests === 0) sayError('note: there is no such request\n')
    if (format === 'json') sayJson(jsonOf(figures, by), 2)
    else if (format === 'csv') sayRaw(reportCsv(figures, by))
    else say(format === 'html' ? reportHtml(figures, Date.now()) : reportText(figures, by))
  } catch (error) {
    failure(error instanceof Error ? error.message : String(error))
  } finally {
    db.close()
  }
}

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('tell who asked for what, how much and when, and what was denied, from the store or over a log')
    .option('--since <time>', TIME_FORM)
    .option('--until <time>', 'the same; of the store whole hours count')
    .option(`--by <${DIMENSIONS.join('|')}>`, 'only this list; may be given more than once', byOption)
    .option('--client <client>', 'only of this client')
    .option('--denied', 'only what was denied')
    .option('--format <text|html|json|csv>', 'html: one file with charts', wordOption(FORMATS))
    .option('--top <n>', 'lines of each list (default: text 20, html 50, else all)', countOption)
    .option('--store <file>', "the store of `serve --store` (default: the running gateway's store, else its event log)")
    .option('--log <file>', 'an event log or Squid access log, and what it was rotated to (- for standard input); may be given more than once', logsOption)
    .option('--pid-file <file>', PID_FILE)
    .option('--json', 'as --format json')
    .addHelpText('after', `
Without --by: summary, methods, status codes, domains by level, hosts, content types, sizes and times, rules, groups, requesters, days, and each
requester's denied URLs (for as long as the store keeps requests).

Example:
  $ greengate report --since 7d --format html > week.html
  $ greengate report --by site --client 192.168.51.35 --since 2026-11-01
  $ greengate report --log /var/log/squid/access.log`)
    .action(report)
}
