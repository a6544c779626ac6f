// The lists that a policy names: their files, and where a list that keeps itself fresh comes from. Danger prevented: a list from an address that
// nobody can check, or with the credentials of one in a file that everybody reads.
import { NAME, NAME_FORM } from './names.ts'
import type { ListSource } from './policy.ts'
import type { Report } from './report.ts'
import type { Draft } from './schema.ts'
import { parseDuration } from './sizes.ts'

const LAYOUTS = ['domains', 'urls', 'expressions', 'hosts'] as const
const DAY_MS = 86_400_000
const LEAST_MS = 60_000
const MOST_MS = 365 * DAY_MS

type ListDraft = NonNullable<Draft['lists']>[string]

export function readLists(report: Report, draft: Draft): ListSource[] {
  return Object.entries(draft.lists ?? {}).map(([name, list]) => {
    if (!NAME.test(name)) report.keyError('name', ['lists', name], `\`${name}\` is no name`, NAME_FORM)
    const files = LAYOUTS.flatMap((layout) => {
      if (list[layout] === undefined) return []
      const written = report.source.text(['lists', name, layout])
      if (written === '') report.error('file', ['lists', name, layout], 'an empty text is no file', 'name the file, or remove the key')
      return [[layout, report.source.path(written)] as const]
    })
    if (files.length === 0) report.keyError('list', ['lists', name], `the list \`${name}\` has no file`, list.url === undefined ? 'give it `domains`, `urls`, `expressions` or `hosts`' : 'give it `domains`, `urls`, `expressions` or `hosts`: the file that is kept fresh')
    const places = new Map<string, ListSource['place']>(files.map(([layout]) => [layout, report.source.value(['lists', name, layout]).place]))
    if (list.url !== undefined) places.set('url', report.source.value(['lists', name, 'url']).place)
    return { name, place: report.source.key(['lists', name]).place, ...Object.fromEntries(files), places, ...readFetch(report, name, list, files.length) }
  })
}

function readFetch(report: Report, name: string, list: ListDraft, files: number): Pick<ListSource, 'sha256' | 'fetch'> {
  const path = ['lists', name]
  if ((list.url !== undefined || list.sha256 !== undefined) && files > 1) report.keyError('list', path, `\`${name}\` has ${files} files, and what \`url\` and \`sha256\` speak of is one`, 'make a list of each file; a rule may name several lists')
  const sha256 = list.sha256 === undefined ? undefined : readDigest(report, name)
  if (list.url === undefined) {
    if (list.every !== undefined) report.error('list', [...path, 'every'], '`every` says how often `url` is asked, and there is none', 'add `url`, or remove `every`')
    return sha256 === undefined ? {} : { sha256 }
  }
  const url = readUrl(report, name, sha256 !== undefined)
  const everyMs = list.every === undefined ? DAY_MS : readEvery(report, name)
  return { ...(sha256 === undefined ? {} : { sha256 }), fetch: { url, everyMs } }
}

function readUrl(report: Report, name: string, pinned: boolean): string {
  const path = ['lists', name, 'url']
  const text = report.source.text(path)
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    report.error('url', path, `\`${text}\` is no URL that a list comes from`, 'write it whole: `https://lists.example/ads.txt`')
    return ''
  }
  if (url.username !== '' || url.password !== '') report.error('url', path, 'credentials do not belong into a policy', 'fetch that list by a program of your own, into the file of the list')
  if (url.protocol === 'http:' && !pinned) report.warning('url', path, 'whoever is on the way can change what comes over http', 'ask by https, or say with `sha256` what it must be')
  url.hash = ''
  return url.href
}

function readEvery(report: Report, name: string): number {
  const path = ['lists', name, 'every']
  const text = report.source.text(path)
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= LEAST_MS && ms <= MOST_MS) return ms
  report.error('duration', path, ms === undefined ? `\`${text}\` is not a duration` : `\`${text}\` is out of range`, 'write it with its unit, from `1m` to `365d`: `24h`')
  return DAY_MS
}

function readDigest(report: Report, name: string): string {
  const path = ['lists', name, 'sha256']
  const text = report.source.text(path).toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(text)) report.error('sha256', path, 'this is no SHA-256 digest', 'write its 64 hexadecimal digits, as `sha256sum FILE` prints them')
  return text
}
