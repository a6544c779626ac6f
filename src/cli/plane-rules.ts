// Which back end the plane uses, and a ruleset in its text. Danger prevented: a machine on which both hold, one of them forgotten.
import type { Command } from 'commander'
import { Option } from 'commander'
import { renderTables } from '../firewall/iptables.ts'
import { renderNftTable } from '../firewall/nft.ts'
import type { Ruleset } from '../firewall/ruleset.ts'
import { runTool } from '../kernel/tool.ts'
import { fitness } from '../kernel/tools.ts'
import type { Backend, Fitness } from '../kernel/tools.ts'
import { NoToolError, readOwn } from '../plane/own-kernel.ts'
import { NOTHING } from '../plane/own-rules.ts'
import type { OwnRules } from '../plane/own-rules.ts'

export interface BackendOption {
  readonly backend?: Backend
}

export function backendOption(command: Command): Command {
  return command.addOption(new Option('--backend <backend>', 'nft or iptables (default: what our rules in force use, else nft where it is fit)').choices(['nft', 'iptables']))
}

export const BACKEND_MEND = 'install or update it (`apt-get install nftables`), or name the other: `--backend nft|iptables`'

export type Chosen = { readonly ok: true; readonly backend: Backend; readonly fitness: Fitness } | { readonly ok: false; readonly problem: string }

async function wanted(asked: Backend | undefined): Promise<Backend> {
  if (asked !== undefined) return asked
  // what is missing is told by `fitness`
  const own = await readOwn(runTool).catch((error: unknown) => {
    if (error instanceof NoToolError) return NOTHING
    throw error
  })
  if (own.nft !== undefined) return 'nft'
  if (own.iptables !== undefined || own.ip6tables !== undefined) return 'iptables'
  // where neither is fit it is nft that is missed
  return (await fitness('nft')).problem === undefined || (await fitness('iptables')).problem !== undefined ? 'nft' : 'iptables'
}

/** Refuses what is too old for what we print, naming tool and kernel. */
export async function backendNow(asked: Backend | undefined): Promise<Chosen> {
  const backend = await wanted(asked)
  const found = await fitness(backend)
  return found.problem === undefined ? { ok: true, backend, fitness: found } : { ok: false, problem: found.problem }
}

export function rulesText(ruleset: Ruleset, backend: Backend): OwnRules {
  return backend === 'nft' ? { nft: renderNftTable(ruleset) } : { ip6tables: renderTables(ruleset, 6), iptables: renderTables(ruleset, 4) }
}
