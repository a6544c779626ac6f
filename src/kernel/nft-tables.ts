// Which nft tables there are, asked without their rules. Danger prevented: `nft list tables`, which reads every rule of the kernel before it answers (twelve
// seconds beside 100,000 rules of iptables, nft 1.0.6).
import type { Ran, Runner } from './tool.ts'

/** What was asked for by its name is not in the kernel: nft's word for ENOENT, in the C locale that every tool runs in. */
export function isNotThere({ code, err }: Ran): boolean {
  return code !== 0 && /\bNo such file or directory\b/.test(err)
}

/** `FAMILY NAME` of each table with a chain in it, in nft's order; undefined: nft cannot tell, or is not there. What has no chain decides nothing. */
export async function tablesWithChains(run: Runner): Promise<readonly string[] | undefined> {
  const { code, out } = await run('nft', ['-j', 'list', 'chains'])
  if (code !== 0) return undefined
  const { nftables } = JSON.parse(out) as { readonly nftables: readonly { readonly chain?: { readonly family: string; readonly table: string } }[] }
  return [...new Set(nftables.flatMap(({ chain }) => (chain === undefined ? [] : `${chain.family} ${chain.table}`)))]
}
