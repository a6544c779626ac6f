// Shorewall's `params`, which is a shell script: plain assignments are read, nothing is ever run. Danger prevented: a file from elsewhere
// that is executed because somebody wanted to read it.
import type { Findings } from '../finding.ts'
import { joined, linesOf } from '../source.ts'
import type { ImportFile } from '../source.ts'
import { expand } from './rows.ts'

export function readParams(file: ImportFile, variables: Map<string, string>, findings: Findings): void {
  for (const line of joined(linesOf(file))) {
    const text = line.text.trim()
    if (text === '' || text.startsWith('#')) continue
    const match = /^(?:export\s+)?([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|([^\s#;&|<>"'`]*))\s*(?:#.*)?$/.exec(text)
    const [, name = '', double, single, bare] = match ?? []
    const value = double ?? single ?? bare ?? ''
    if (match === null || /[`\\]|\$\(/.test(single === undefined ? value : '')) {
      findings.lost(line, 'only plain assignments are read, `NAME=value`: what runs a program is not run', 'write out the value that it has')
      continue
    }
    variables.set(name, single ?? expand(value, variables))
  }
}
