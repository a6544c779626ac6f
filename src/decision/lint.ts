// What is no error and shows only when the rules are asked: rules that never decide. Danger prevented: a policy that reads well and does
// something else.
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { CompiledPolicy } from './compile.ts'
import { packetArea } from './shadow-packets.ts'
import { shadowed } from './shadow.ts'
import { impliesWeb, webArea } from './shadow-web.ts'

export function lint(compiled: CompiledPolicy): Diagnostic[] {
  return [
    ...shadowed(compiled.packets.map((ready) => packetArea(compiled, ready)), () => true),
    ...shadowed(compiled.web.rules.map(webArea), impliesWeb(compiled)),
  ]
}
