// What the YAML reader says, in words for somebody who writes a policy and has never read a grammar. Danger prevented: "nested
// mappings are not allowed in compact mappings", told to an administrator at night.
import type { YAMLError } from 'yaml'
import type { Diagnostic } from './diagnostic.ts'
import type { Spot } from './source.ts'

interface Words {
  readonly message?: string
  readonly hint: string
}

const WORDS: Readonly<Record<string, Words>> = {
  TAB_AS_INDENT: { message: 'a tab where spaces are wanted', hint: 'YAML is indented by spaces, never by tabs' },
  MULTIPLE_DOCS: { message: 'a second document begins here', hint: 'one file holds one policy: remove the `---`' },
  BAD_ALIAS: { hint: 'a host pattern that begins with a star goes in quotes: "*.example.com"' },
  DUPLICATE_KEY: { hint: 'keep one of the two; several values of one key go in a list' },
  MISSING_CHAR: { hint: 'a quote, a bracket, a comma, or the space after a colon is missing here or before' },
  BAD_INDENT: { hint: 'entries of one level begin in the same column; a bracket is closed before the next line begins an entry' },
  BAD_DQ_ESCAPE: { message: 'a backslash in double quotes begins an escape, and this is none', hint: "write expressions in single quotes: 'gateway\\.dll'" },
  BLOCK_AS_IMPLICIT_KEY: { message: 'a mapping where none can begin: a second colon on the line, or a line below that is indented too far', hint: 'text with a colon and a space goes in quotes; keys of one level begin in the same column' },
  NON_STRING_KEY: { message: 'a list or a mapping where a key is wanted', hint: 'a key is a word; text that begins with `?`, `[` or `{` goes in quotes' },
  BLOCK_IN_FLOW: { hint: 'inside `{ }` and `[ ]` lists and mappings are written in brackets, too' },
  BAD_SCALAR_START: { hint: 'text that begins with `@`, a backtick or `%` goes in quotes' },
  TAG_RESOLVE_FAILED: { hint: 'a policy needs no tags: remove it; text that begins with `!` goes in quotes' },
  UNEXPECTED_TOKEN: { message: 'a bracket, a brace or a quote stands where none belongs', hint: 'text that holds one goes in quotes: "rules[2]"' },
  MULTILINE_IMPLICIT_KEY: { message: 'a key whose colon is missing, or stands on another line', hint: 'write `key: value` with key and colon on one line, and a space behind the colon' },
  KEY_OVER_1024_CHARS: { message: 'a key of more than 1024 characters: its colon is missing, or a quote before it', hint: 'write `key: value`' },
  RESOURCE_EXHAUSTION: { message: 'the file is nested too deeply', hint: 'write it plainly' },
}

/** For what nobody writes by mistake. */
const PLAINLY = 'write it plainly: `key: value`, or an entry a line after `- `'

function lowered(message: string): string {
  const first = message.split('\n')[0] ?? message
  return first.charAt(0).toLowerCase() + first.slice(1).replace(/\.$/, '')
}

function told(problem: YAMLError, spot: Spot): Diagnostic {
  const words = /call stack/i.test(problem.message) ? WORDS['RESOURCE_EXHAUSTION'] : WORDS[problem.code]
  const duplicate = problem.code === 'DUPLICATE_KEY'
  const key = spot.excerpt.text.slice(spot.place.column - 1).split(/[:\s,}]/)[0] ?? ''
  const message = duplicate ? `the key \`${key}\` stands twice in one mapping` : (words?.message ?? lowered(problem.message))
  const excerpt = duplicate ? { ...spot.excerpt, length: Math.max(1, key.length) } : spot.excerpt
  return { code: duplicate ? 'duplicate-key' : 'yaml', severity: 'error', message, place: spot.place, excerpt, hint: words?.hint ?? PLAINLY }
}

/** One a line: what the reader finds wrong in the rest of a broken line follows from the break. */
export function yamlDiagnostics(problems: readonly YAMLError[], at: (start: number, end: number) => Spot): Diagnostic[] {
  const broken = new Set<number>()
  return problems.flatMap((problem) => {
    const spot = at(problem.pos[0], problem.pos[1])
    if (problem.code !== 'DUPLICATE_KEY' && broken.has(spot.place.line)) return []
    if (problem.code !== 'DUPLICATE_KEY') broken.add(spot.place.line)
    return [told(problem, spot)]
  })
}
