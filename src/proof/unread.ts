// What a reader of rules does not understand is an error with its line. Danger prevented: a word skipped, and a proof of rules that are not
// the ones in force.
export class UnreadText extends Error {
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.line = line
  }
}

/** One address, a block, or `first-last`; whole numbers. */
export function wholeNumber(text: string | undefined, line: number, most = 0xffffffff): number {
  const value = text === undefined ? Number.NaN : /^0x[0-9a-f]{1,8}$/i.test(text) || /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= most)) throw new UnreadText(line, `\`${text ?? ''}\` is no number up to ${most}`)
  return value
}
