// Literals that a regular expression cannot match without: `(foo|bar)\d+\.exe` needs `.exe`. A text without them is done in one pass
// over all expressions. Danger prevented: thousands of expressions, each run over each URI. What is not surely understood
// yields no literal, and the expression is then always run.

export interface Literals {
  /** lower case; one of these at least is in every text that matches; undefined when none is known */
  readonly any: readonly string[] | undefined
  /** the expression is these literals and nothing else: finding one is matching */
  readonly whole: boolean
}

const UNKNOWN: Literals = { any: undefined, whole: false }
const MOST_LITERALS = 2000

/** For an expression that has compiled, matched without regard to case. Literals are cut to `longest`: a prefix is needed as well. */
export function requiredLiterals(source: string, longest: number): Literals {
  try {
    const scanner = { source, at: 0, cased: false }
    const found = alternation(scanner)
    if (scanner.at !== source.length || found.any === undefined) return UNKNOWN
    const cut = found.any.some((literal) => literal.length > longest)
    const any = [...new Set(found.any.map((literal) => literal.slice(0, longest)))]
    return any.length > MOST_LITERALS ? UNKNOWN : { any, whole: found.whole && !cut && !scanner.cased }
  } catch (error) {
    if (error instanceof NotUnderstood) return UNKNOWN
    throw error
  }
}

class NotUnderstood extends Error {}

interface Scanner {
  readonly source: string
  at: number
  /** `(?-i)` was seen: a literal in lower case is needed still, but not enough */
  cased: boolean
}

function alternation(scanner: Scanner): Literals {
  const branches = [concatenation(scanner)]
  while (scanner.source[scanner.at] === '|') {
    scanner.at++
    branches.push(concatenation(scanner))
  }
  const any: string[] = []
  for (const branch of branches) {
    if (branch.any === undefined) return UNKNOWN
    for (const literal of branch.any) any.push(literal)
    if (any.length > MOST_LITERALS) return UNKNOWN
  }
  return { any, whole: branches.every((branch) => branch.whole) }
}

/** The best of its parts: the one whose shortest literal is longest. */
function concatenation(scanner: Scanner): Literals {
  const { source } = scanner
  let best: readonly string[] | undefined
  let run = ''
  let whole = true
  let parts = 0
  const offer = (literals: readonly string[] | undefined): void => {
    if (literals !== undefined && shortest(literals) > (best === undefined ? 0 : shortest(best))) best = literals
  }
  const endRun = (): void => {
    if (run !== '') offer([run])
    run = ''
  }
  while (scanner.at < source.length && source[scanner.at] !== '|' && source[scanner.at] !== ')') {
    const atom = nextAtom(scanner)
    const least = quantifier(scanner)
    parts++
    if (typeof atom === 'string' && least === undefined) {
      run += atom
      continue
    }
    whole = whole && least === undefined && typeof atom !== 'string' && atom.whole && run === ''
    if (least === 0) endRun()
    else if (typeof atom === 'string') {
      run += atom
      endRun()
    } else {
      endRun()
      offer(atom.any)
    }
  }
  const only = parts > 0 && (run === '' ? parts === 1 && whole : run.length === parts)
  endRun()
  return { any: best, whole: only }
}

function shortest(literals: readonly string[]): number {
  let least = Infinity
  for (const literal of literals) if (literal.length < least) least = literal.length
  return least
}

/** One character that stands for itself, or what is known of a class, group or assertion. */
function nextAtom(scanner: Scanner): string | Literals {
  const { source } = scanner
  const character = source[scanner.at++] ?? ''
  switch (character) {
    case '(': return group(scanner)
    case '[': return skipClass(scanner)
    case '\\': return escape(scanner)
    case '.': case '^': case '$': return UNKNOWN
    case '{': case '}': throw new NotUnderstood() // a literal brace in some places only
    case '*': case '+': case '?': throw new NotUnderstood()
    default:
      if (character > '\x7f') throw new NotUnderstood()
      return character.toLowerCase()
  }
}

/** The least number of times, or undefined where no quantifier follows. */
function quantifier(scanner: Scanner): number | undefined {
  const { source } = scanner
  const character = source[scanner.at]
  let least: number
  if (character === '*' || character === '?') least = 0
  else if (character === '+') least = 1
  else if (character === '{') {
    const counted = /^\{(\d+)(?:,\d*)?\}/.exec(source.slice(scanner.at, scanner.at + 16))
    if (counted === null) throw new NotUnderstood()
    least = Number(counted[1])
    scanner.at += counted[0].length - 1
  } else return undefined
  scanner.at++
  if (source[scanner.at] === '?') scanner.at++ // lazy: the same texts match
  return least
}

function group(scanner: Scanner): Literals {
  const { source } = scanner
  if (source[scanner.at] === '?') {
    const head = /^\?(?:P?<\w+>|([imsU]*)(-[imsU]+)?([:)]))/.exec(source.slice(scanner.at, scanner.at + 64))
    if (head === null) throw new NotUnderstood()
    scanner.at += head[0].length
    if (head[2]?.includes('i') === true) scanner.cased = true
    if (head[3] === ')') { // flags for what follows; a quantifier here would speak of what stands before
      if (/[*+?{]/.test(source[scanner.at] ?? '')) throw new NotUnderstood()
      return UNKNOWN
    }
  }
  const inner = alternation(scanner)
  if (source[scanner.at++] !== ')') throw new NotUnderstood()
  return inner
}

function skipClass(scanner: Scanner): Literals {
  const { source } = scanner
  if (source[scanner.at] === '^') scanner.at++
  if (source[scanner.at] === ']') scanner.at++
  for (; scanner.at < source.length; scanner.at++) {
    const character = source[scanner.at]
    if (character === '\\') scanner.at++
    else if (character === '[' && source[scanner.at + 1] === ':') {
      const end = source.indexOf(':]', scanner.at + 2)
      if (end < 0) throw new NotUnderstood()
      scanner.at = end + 1
    } else if (character === ']') {
      scanner.at++
      return UNKNOWN
    }
  }
  throw new NotUnderstood()
}

function escape(scanner: Scanner): string | Literals {
  const character = scanner.source[scanner.at++] ?? ''
  if (/[dDsSwWbBAz]/.test(character)) return UNKNOWN
  if (/[A-Za-z0-9]/.test(character) || character === '' || character > '\x7f') throw new NotUnderstood()
  return character
}
