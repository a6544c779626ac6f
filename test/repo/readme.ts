// Reads README.md as data: its tables, and the commands that it shows with their output. What README says is then compared with what
// the code does, so that the page cannot drift from the program.
import { read } from './tree.ts'

/** The text under a heading, its sub-headings included. */
export function section(title: string): string {
  const { text } = read('README.md')
  // in a block of code a comment begins like a heading
  let fenced = false
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('```')) fenced = !fenced
    return fenced && line.startsWith('#') ? ` ${line}` : line
  })
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').replaceAll('`', '') === title)
  if (start < 0) throw new Error(`README.md has no heading "${title}"`)
  const depth = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 1
  const end = lines.findIndex((line, index) => index > start && new RegExp(`^#{1,${depth}} `).test(line))
  return lines.slice(start, end < 0 ? undefined : end).join('\n')
}

/** Every `word` in the first column of the tables in a text. */
export function firstColumn(text: string): string[] {
  const words: string[] = []
  for (const line of text.split('\n')) {
    const cell = /^\| ([^|]*?) \|/.exec(line)?.[1]
    for (const match of (cell ?? '').matchAll(/`([^`]+)`/g)) words.push(match[1] ?? '')
  }
  return words
}

export interface Shown {
  /** as README shows it, without `npx greengate` */
  readonly args: readonly string[]
  readonly output: readonly string[]
  /** shown with `2>/dev/null`: what goes to standard error is not in the output */
  readonly quiet: boolean
  readonly line: number
}

/** Blocks after `<!-- run -->`: `$ npx greengate ...` and what it printed. */
export function shownCommands(): Shown[] {
  const { text } = read('README.md')
  const shown: Shown[] = []
  for (const match of text.matchAll(/<!-- run -->\n```console\n([\s\S]*?)```/g)) {
    const lines = (match[1] ?? '').split('\n').slice(0, -1)
    const command = /^\$ npx greengate (.*)$/.exec(lines[0] ?? '')?.[1]
    if (command === undefined) throw new Error(`a block to run does not begin with "$ npx greengate": ${lines[0]}`)
    const quiet = command.endsWith(' 2>/dev/null')
    shown.push({ args: words(command.replace(' 2>/dev/null', '')), quiet, output: lines.slice(1), line: text.slice(0, match.index).split('\n').length })
  }
  return shown
}

/** A shell's words, as far as README needs them. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** Lines equal one by one; a shown line `...` stands for any number of lines. The first line that does not fit, or undefined. */
export function mismatch(shown: readonly string[], real: readonly string[]): string | undefined {
  let at = 0
  for (let index = 0; index < shown.length; index++) {
    const line = shown[index] ?? ''
    if (line === '...') {
      const next = shown[index + 1]
      if (next === undefined) return undefined
      while (at < real.length && real[at] !== next) at += 1
      if (at === real.length) return `not there after the gap: ${next}`
      continue
    }
    if (real[at] !== line) return `shown: ${line}\nreal:  ${real[at] ?? '(the output ends)'}`
    at += 1
  }
  return at < real.length ? `not shown: ${real[at]}` : undefined
}
