// The drop ledger read from the kernel, whichever back end is in force; and whether iptables can have one here. Danger prevented: "nothing was
// dropped" where there was no ledger to look into.
import { readIpsetLedger, readNftLedger } from '../firewall/ledger-read.ts'
import type { LedgerReading } from '../firewall/ledger-read.ts'
import { LEDGER_SETS, ipsetNames } from '../firewall/ledger.ts'
import { NFT_TABLE } from '../firewall/nft.ts'
import { firstProblem, runTool } from '../kernel/tool.ts'
import type { Runner } from '../kernel/tool.ts'

export type Ledger = ({ readonly ok: true; readonly backend: 'nft' | 'ipset' } & LedgerReading) | { readonly ok: false; readonly problem: string; readonly hint?: string }

/** nft's where its table is, else ipset's. */
export async function readLedger(run: Runner = runTool): Promise<Ledger> {
  // each by its name: a listing of all sets has those of a policy in it, a hundred thousand addresses perhaps
  const ran = await Promise.all(LEDGER_SETS.map(({ name }) => run('nft', ['-n', '-j', 'list', 'set', ...NFT_TABLE.split(' '), name])))
  const listed = ran.filter(({ code }) => code === 0)
  if (listed.length > 0) {
    try {
      const read = listed.map(({ out }) => readNftLedger(out, Date.now()))
      return { ok: true, backend: 'nft', entries: read.flatMap(({ entries }) => entries), unread: read.reduce((sum, { unread }) => sum + unread, 0) }
    } catch (error) {
      return { ok: false, problem: `nft tells its sets in a form that cannot be read: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
  const ipset = await run('ipset', ['save'])
  if (ipset.code === 0 && ([4, 6] as const).some((family) => ipset.out.includes(`create ${ipsetNames(family).count} `))) return { ok: true, backend: 'ipset', ...readIpsetLedger(ipset.out, Date.now()) }
  if (ipset.code !== 0 && !ipset.missing && /permitted|denied/i.test(ipset.err)) return { ok: false, problem: firstProblem(ipset) }
  return {
    ok: false, problem: 'the kernel has no drop ledger of ours',
    hint: `load the rules: \`greengate firewall apply\`; iptables needs the tool ipset for it${ipset.missing ? ', which is not installed' : ''}`,
  }
}

/** The tool is there and the kernel makes sets of our kind. */
export async function ipsetUsable(run: Runner = runTool): Promise<boolean> {
  const probe = 'gg_probe'
  const made = await run('ipset', ['create', probe, 'hash:ip,port,ip', 'counters', 'timeout', '1'])
  if (made.code === 0) await run('ipset', ['destroy', probe])
  return made.code === 0
}
