// Host patterns of the policy: one name, the names below it, both, or a glob whose star stays in its label (policy.md, names and
// forms). Danger prevented: a pattern that admits hosts its author never meant, such as `*example.com` and notexample.com.
import micromatch from 'micromatch'
import { parseHostName } from './hostname.ts'
import type { HostName } from './hostname.ts'
import { asciiHost } from './idna.ts'
import { parseIp } from './ip.ts'
import { looksNumeric } from './numeric.ts'

export { hostMatcher } from './matcher.ts'
export type { HostMatcher } from './matcher.ts'

export type HostPattern =
  | { readonly kind: 'exact' | 'below' | 'both'; readonly name: HostName; readonly text: string }
  | { readonly kind: 'glob'; readonly glob: string; readonly text: string }

export type PatternParse =
  | { readonly ok: true; readonly pattern: HostPattern; readonly warning?: string; readonly hint?: string }
  | { readonly ok: false; readonly problem: string; readonly hint?: string }

const GLOB = /[*?[\]{}]/
/** What a star may hold is tried by backtracking: with three in a label of 63 octets that stays below a tenth of a millisecond. */
const MOST_STARS_LABEL = 3
const MOST_ALTERNATIVES = 64
const GLOB_FORM = 'write `*.example.com`, `.example.com` or `cdn-*.example.com`'

/** Top labels that nobody can register under: a pattern for all of one is meant as it stands (RFC 2606, 6761, 6762, 8375). */
const OWN_TOPS: ReadonlySet<string> = new Set(['example', 'test', 'invalid', 'localhost', 'local', 'internal', 'lan', 'home', 'corp', 'intranet', 'private', 'arpa', 'onion', 'alt'])
/** Second labels under which a country's registry sells names. */
const REGISTRY_SECOND: ReadonlySet<string> = new Set(['co', 'com', 'net', 'org', 'ac', 'gov', 'edu', 'ne', 'or', 'go'])

export function parseHostPattern(text: string): PatternParse {
  const misplaced = otherThing(text)
  if (misplaced !== undefined) return misplaced
  const lower = text.toLowerCase().replace(/[.\u3002\uff0e\uff61]$/, '')
  if (!GLOB.test(lower)) return lower.startsWith('.') ? suffix('both', lower.slice(1), text) : exact(lower, text)
  if (lower.startsWith('*.') && !GLOB.test(lower.slice(2))) return suffix('below', lower.slice(2), text)
  return glob(lower, text)
}

function failed(problem: string, hint?: string): PatternParse {
  return hint === undefined ? { ok: false, problem } : { ok: false, problem, hint }
}

/** What people write where a host pattern is wanted. */
function otherThing(text: string): PatternParse | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)
  if (url !== null) return failed(`\`${text}\` is a URL, not a host pattern`, `write \`${url[1] ?? ''}\`, and \`uri\` for its path`)
  if (text.includes('/')) return failed(`\`${text}\` has a slash: a host pattern has no path`, `write \`${text.slice(0, text.indexOf('/'))}\`, and \`uri\` for the path`)
  const six = /^\[([0-9a-f:.]*:[0-9a-f:.]*)\](?::\d+)?$/i.exec(text)
  if (six !== null && parseIp(six[1] ?? '') !== undefined) return failed(`\`${text}\` is an address, not a name`, `write \`"${six[1] ?? ''}"\` in \`to\`, or \`host: numeric\` for every one`)
  const port = /^([^:]+):(\d+)$/.exec(text)
  if (port !== null) return failed(`\`${text}\` has a port: a host pattern has none`, `write \`${port[1] ?? ''}\`, and \`ports: [${port[2] ?? ''}]\``)
  if (text.startsWith('!')) return failed(`\`${text}\`: a host pattern cannot be negated`, 'write a rule of its own before this one')
  if (/[()|+@\\^$]/.test(text.replace(/\[\^/g, '['))) return failed(`\`${text}\` is no host pattern`, 'an expression belongs in `uri`; here `*`, `?` and `[a-c]` stand for parts of a label')
  return undefined
}

function notName(name: string, text: string): PatternParse {
  const ascii = asciiHost(name)
  if (ascii !== undefined && looksNumeric(ascii)) return failed(`\`${text}\` is a number, not a name`, 'write an address or network in `to`, or `host: numeric` for every one')
  return failed(`\`${text}\` is no host name`, 'labels of letters, digits, hyphens and underscores, 63 at most of each, with one dot between two')
}

function exact(lower: string, text: string): PatternParse {
  const name = parseHostName(lower)
  return name === undefined ? notName(lower, text) : { ok: true, pattern: { kind: 'exact', name, text } }
}

function suffix(kind: 'below' | 'both', lower: string, text: string): PatternParse {
  const name = parseHostName(lower)
  if (name === undefined) return notName(lower, text)
  const pattern: HostPattern = { kind, name, text }
  if (!registrable(name.split('.'))) return { ok: true, pattern }
  return { ok: true, pattern, warning: `\`${text}\` is broader than it looks: it holds every name that anyone registers under \`${name}\``, hint: `name the sites themselves: \`.example.${name}\`` }
}

/** May anyone get a name directly below these labels? */
function registrable(labels: readonly string[]): boolean {
  const top = labels[labels.length - 1] ?? ''
  if (OWN_TOPS.has(top)) return false
  return labels.length === 1 || (labels.length === 2 && top.length === 2 && REGISTRY_SECOND.has(labels[0] ?? ''))
}

function glob(lower: string, text: string): PatternParse {
  if (lower.includes('**')) return failed(`\`${text}\` has two stars in a row`, `\`*.name\` is every host below a name at any depth, \`.name\` that and the name itself`)
  const alternatives = expandBraces(lower)
  if (alternatives === undefined) return failed(`\`${text}\`: braces hold alternatives such as \`{a,b}\`, ${MOST_ALTERNATIVES} at most`, 'write the names as a list')
  const canonical: string[] = []
  for (const alternative of alternatives) {
    const labels: string[] = []
    for (const label of alternative.split('.')) {
      const problem = labelProblem(label)
      if (problem !== undefined) return failed(`\`${text}\` is no host pattern: ${problem}`, GLOB_FORM)
      const ascii = GLOB.test(label) ? label.replace(/\[[!^]/g, '[^') : parseHostName(`${label}.x`)?.slice(0, -2)
      if (ascii === undefined) return failed(`\`${text}\` is no host pattern: \`${label}\` is no label`, GLOB_FORM)
      labels.push(ascii)
    }
    if (labels.every((label) => /^[\d*?[\]-]+$/.test(label)) && labels.some((label) => /\d/.test(label))) {
      const block = /^(\d+(?:\.\d+)*)((?:\.\*)+)$/.exec(lower)
      const octets = block === null ? [] : lower.replaceAll('*', '0').split('.')
      const network = block !== null && octets.length === 4 ? `the network \`${octets.join('.')}/${32 - 4 * (block[2] ?? '').length}\`` : 'a network'
      return failed(`\`${text}\`: a host pattern does not match addresses`, `write ${network} where addresses stand, or \`host: numeric\` for every address`)
    }
    canonical.push(labels.join('.'))
  }
  const pattern: HostPattern = { kind: 'glob', glob: canonical.join(','), text }
  for (const alternative of canonical) {
    const told = broader(alternative, text)
    if (told !== undefined) return { ok: true, pattern, ...told }
  }
  return { ok: true, pattern }
}

/** `{a,b}` multiplied out by micromatch; undefined where it is no plain alternative, or too many. */
function expandBraces(lower: string): readonly string[] | undefined {
  if (!/[{},]/.test(lower)) return [lower]
  if (!/^(?:[^{},]|\{[^{},]*(?:,[^{},]*)+\})*$/.test(lower) || (lower.match(/\{/g) ?? []).length > 4 || lower.length > 512) return undefined
  const all = micromatch.braces(lower, { expand: true })
  return all.length <= MOST_ALTERNATIVES ? all : undefined
}

function labelProblem(label: string): string | undefined {
  if (label === '') return 'a label is empty'
  if ((label.match(/\*/g) ?? []).length > MOST_STARS_LABEL) return `more than ${MOST_STARS_LABEL} stars in a label`
  if (!GLOB.test(label)) return undefined
  if (!/^(?:[a-z0-9_*?-]|\[[!^]?[a-z0-9_-]+\])+$/.test(label)) return `\`${label}\` (beside \`*\` and \`?\` stand letters, digits, hyphens and classes such as \`[a-c]\`)`
  for (const [, first = '', last = ''] of label.matchAll(/\[[^\]]*?([a-z0-9])-([a-z0-9])[^\]]*\]/g)) {
    if (first > last) return `the class \`${first}-${last}\` is back to front`
  }
  return undefined
}

function broader(glob: string, text: string): { readonly warning: string; readonly hint: string } | undefined {
  const labels = glob.split('.')
  const open = labels.findLastIndex((label) => GLOB.test(label))
  if (open < 0) return undefined
  if (labels.length === 1) return { warning: `\`${text}\` holds names of one label only, and every one of them that fits`, hint: 'leave the condition away for every host' }
  const glued = /^\*([a-z0-9_][^*?[\]]*)$/.exec(glob)?.[1]
  if (glued !== undefined) return { warning: `\`${text}\` is broader than it looks: it holds \`other${glued}\` too`, hint: `write \`.${glued}\` for the name and all below it` }
  if (open === labels.length - 1 || registrable(labels.slice(open + 1))) {
    return { warning: `\`${text}\` is broader than it looks: anyone can register a name that it holds`, hint: 'write the registered name in full' }
  }
  return undefined
}
