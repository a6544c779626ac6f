// A line of iptables as words, quotes resolved, and a script's plain variables put in. Nothing is run. Danger prevented: a quoted comment that
// holds `-j ACCEPT`, read as the target.

/** As a shell and iptables-save quote: "..." with backslashes, '...', and \x outside. A # begins a comment where a word would. */
export function shellWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '"' || char === "'") {
      const end = closing(text, at)
      word = `${word ?? ''}${unquoted(text.slice(at + 1, end), char)}`
      at = end
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '#' && word === undefined) break
    else if (char === '\\' && at + 1 < text.length) word = `${word ?? ''}${text[++at] ?? ''}`
    else word = `${word ?? ''}${char}`
  }
  if (word !== undefined) words.push(word)
  return words
}

function closing(text: string, from: number): number {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return text.length
}

function unquoted(text: string, quote: string): string {
  return quote === '"' ? text.replace(/\\(["\\$`])/g, '$1') : text
}

/** `IFACE="eth0"`: remembered. True: the line was one. */
export function assignment(text: string, variables: Map<string, string>): boolean {
  const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(?:"([^"`$]*)"|'([^'`]*)'|([^\s;&|<>"'`$()]*))\s*(?:#.*)?$/.exec(text)
  if (match === null) return false
  variables.set(match[1] ?? '', match[2] ?? match[3] ?? match[4] ?? '')
  return true
}

/** `IFACE= "eth0"`: the shell sets nothing, and runs what stands behind. The name; undefined: the line is none such. */
export function emptyAssignment(text: string, variables: Map<string, string>): string | undefined {
  const name = /^\s*([A-Za-z_]\w*)=\s+\S/.exec(text)?.[1]
  if (name !== undefined) variables.set(name, '')
  return name
}

/** What stands for nothing known stays as it is. */
export function withVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => variables.get(braced ?? bare ?? '') ?? whole)
}
