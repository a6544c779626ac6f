// `greengate schema`: the JSON Schema of the policy language, made from the very schema that parses it, for editors to complete and check.
import type { Command } from 'commander'
import { jsonSchema } from '../policy/schema.ts'
import { sayRaw } from './say.ts'

export function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the policy language')
    .addHelpText('after', `
Example:
  $ greengate schema > greengate.schema.json
  then, as the first line of a policy:
  # yaml-language-server: $schema=greengate.schema.json`)
    .action(() => {
      sayRaw(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`)
    })
}
