// What the kernel has of our rules now, as its tools list it. Danger prevented: our own memory of what was loaded, proven in the kernel's place.
import { NFT_TABLE } from '../firewall/nft.ts'
import { isNotThere } from '../kernel/nft-tables.ts'
import { runTool } from '../kernel/tool.ts'
import { MARK_MASK } from '../proof/from-ruleset.ts'
import { readIptables } from '../proof/from-iptables.ts'
import { readNft } from '../proof/from-nft.ts'
import type { Model } from '../proof/model.ts'
import type { ProofTexts } from '../proof/whole.ts'

export type KernelTexts = { readonly ok: true; readonly texts: ProofTexts } | { readonly ok: false; readonly problem: string; readonly hint?: string }

const OURS = /^:GG_/m

export async function kernelTexts(): Promise<KernelTexts> {
  const [listed, four, six] = await Promise.all([runTool('nft', ['-s', 'list', 'table', ...NFT_TABLE.split(' ')]), runTool('iptables-save', []), runTool('ip6tables-save', [])])
  for (const ran of [listed, four, six]) if (ran.code !== 0 && !ran.missing && !(ran === listed && isNotThere(ran))) return { ok: false, problem: `the kernel's rules cannot be read: ${ran.err.trim()}`, hint: 'they are root\'s: try with sudo' }
  if ([listed, four, six].every(({ missing }) => missing)) return { ok: false, problem: 'the kernel cannot be asked for its rules: nft and iptables are not installed', hint: '`apt-get install nftables`' }
  const hasNft = listed.code === 0
  const hasIptables = OURS.test(four.out) || OURS.test(six.out)
  if (!hasNft && !hasIptables) return { ok: false, problem: 'the kernel has none of our rules', hint: '`greengate firewall apply` loads them' }
  return {
    ok: true,
    texts: {
      live: true,
      ...(hasNft ? { nft: listed.out } : {}),
      // a family that was forgotten lets everything by, and that is to be seen
      ...(hasIptables ? { iptables: four.out, ip6tables: six.out } : {}),
    },
  }
}

function marksOf(model: Model): readonly number[] {
  return [...model.chains.values()].flatMap(({ rules }) => rules.flatMap(({ actions }) => actions.flatMap((action) => (action.kind === 'mark' ? [action.value] : []))))
}

/** Which generation they mark, where it is one; the proof then says how they differ from the policy otherwise. */
export function kernelGeneration({ nft, iptables }: ProofTexts): number | undefined {
  const model = nft === undefined ? (iptables === undefined ? undefined : readIptables(iptables, 4, true).model) : readNft(nft)
  const marks = new Set(model === undefined ? [] : marksOf(model).map((mark) => (mark & MARK_MASK) >>> 24))
  const [only] = marks
  return marks.size === 1 && only !== undefined && only >= 1 && only <= 254 ? only : undefined
}
