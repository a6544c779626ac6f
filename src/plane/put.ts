// Rules put into this machine's kernel, with what is to be remembered of them: the one door for an apply, every way back, and every way out.
import { runTool } from '../kernel/tool.ts'
import { dropBroughtTables, rememberTables } from './empty-tables.ts'
import { readOwn, writeOwn } from './own-kernel.ts'
import type { OwnRules } from './own-rules.ts'
import type { Places } from './places.ts'
import { keepingUsage, usageFile } from './usage.ts'

function inIptables(rules: OwnRules): boolean {
  return rules.iptables !== undefined || rules.ip6tables !== undefined
}

/** What the kernel then lists. Throws RulesError where it refuses; then what was there is there still. */
export async function putRules(places: Places, wanted: OwnRules, exact: boolean): Promise<OwnRules> {
  const before = await readOwn(runTool)
  if (inIptables(wanted) && !inIptables(before)) await rememberTables(runTool, places)
  await keepingUsage(usageFile(places.state), () => writeOwn(runTool, wanted, exact, before))
  if (inIptables(before) && !inIptables(wanted)) await dropBroughtTables(runTool, places)
  return readOwn(runTool)
}
