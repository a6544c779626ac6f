// Which of the three forms of a text page a client wants (RFC 9110 12.5.1): HTML, plain text or JSON. A program that says nothing, or `*/*`
// (curl, git, package managers), gets plain text, which reads well in a terminal and in a log.
export type PageType = 'text/html' | 'text/plain' | 'application/json'

/** in the order in which a tie is decided */
const FORMS: readonly PageType[] = ['text/plain', 'text/html', 'application/json']

interface MediaRange {
  readonly range: string
  readonly quality: number
}

function mediaRanges(accept: string): MediaRange[] {
  const ranges: MediaRange[] = []
  // A long field is no reason to work long: what a browser sends has a dozen members.
  for (const member of accept.slice(0, 4096).split(',', 64)) {
    const [range = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase())
    if (!/^[^\s/]+\/[^\s/]+$/.test(range)) continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    const quality = weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0
    ranges.push({ range, quality })
  }
  return ranges
}

interface Fit {
  readonly quality: number
  readonly specificity: number
  /** place in the field */
  readonly place: number
}

/** The most specific range that holds the type decides its quality. */
function fitOf(type: PageType, ranges: readonly MediaRange[]): Fit {
  const wildcard = `${type.slice(0, type.indexOf('/'))}/*`
  for (const [specificity, name] of [[2, type], [1, wildcard], [0, '*/*']] as const) {
    const place = ranges.findIndex(({ range }) => range === name)
    const found = ranges[place]
    if (found !== undefined) return { quality: found.quality, specificity, place }
  }
  return { quality: 0, specificity: -1, place: Infinity }
}

/** By quality; then what is named comes before what is only covered, and what is named first before the rest. */
function better(a: Fit, b: Fit): boolean {
  if (a.quality !== b.quality) return a.quality > b.quality
  if (a.specificity !== b.specificity) return a.specificity > b.specificity
  return a.place < b.place
}

export function preferredType(accept: string | undefined): PageType {
  if (accept === undefined) return 'text/plain'
  const ranges = mediaRanges(accept)
  let best: PageType = 'text/plain'
  let bestFit = fitOf(best, ranges)
  for (const type of FORMS) {
    const fit = fitOf(type, ranges)
    if (fit.quality > 0 && better(fit, bestFit)) {
      best = type
      bestFit = fit
    }
  }
  return best
}
