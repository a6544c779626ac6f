// What a command says, on which stream. Danger prevented: a name out of somebody else's file, or out of the command line, that rules the terminal.
import { visibleJson, visibleLines } from '../policy/visible.ts'

export function say(text: string): void {
  process.stdout.write(visibleLines(text))
}

export function sayError(text: string): void {
  process.stderr.write(visibleLines(text))
}

export function sayJson(value: unknown, indent?: number): void {
  process.stdout.write(`${visibleJson(value, indent)}\n`)
}
