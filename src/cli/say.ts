// What a command says, on which stream. Dangers prevented: a name out of somebody else's file, or out of the command line, that rules the terminal; half of a
// firewall in a file because the disk is full, and nobody is told.
import { fstatSync, writeSync } from 'node:fs'
import { visibleJson, visibleLines } from '../policy/visible.ts'

const STDOUT = 1
const stat = fstatSync(STDOUT)
const isFile = stat.isFile() || (stat.isCharacterDevice() && process.stdout.isTTY !== true)

/** To a file by our own hand: the stream takes for written what found room in part. */
function writeFile(octets: Uint8Array): void {
  try {
    for (let at = 0; at < octets.length;) at += writeSync(STDOUT, octets, at)
  } catch (error) {
    process.stdout.emit('error', error)
  }
}

/** As it is: for what we made ourselves. */
export function sayRaw(text: string): void {
  if (isFile) writeFile(Buffer.from(text))
  else process.stdout.write(text)
}

export function say(text: string): void {
  sayRaw(visibleLines(text))
}

export function sayError(text: string): void {
  process.stderr.write(visibleLines(text))
}

export function sayJson(value: unknown, indent?: number): void {
  sayRaw(`${visibleJson(value, indent)}\n`)
}
