// `greengate version`: ours and the runtime's, since a report of a fault needs both.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { sayRaw } from './say.ts'

/** package.json stands two folders above this file, in a checkout and under dist alike. */
export function versionText(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
  return typeof version === 'string' ? version : 'unknown'
}

export function versionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version of greengate and of its runtime')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ greengate version\n  greengate 0.1.0 (node 26.10.0, linux x64)')
    .action((options: { readonly json?: true }) => {
      const version = versionText()
      const node = process.versions.node
      const text = options.json === true
        ? JSON.stringify({ greengate: version, node, platform: process.platform, arch: process.arch })
        : `greengate ${version} (node ${node}, ${process.platform} ${process.arch})`
      sayRaw(`${text}\n`)
    })
}
