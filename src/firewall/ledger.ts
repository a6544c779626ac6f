// The drop ledger: every packet that a policy's word stopped, counted in the kernel by who asked whom for what, each once, however
// many. The log is limited so that nobody floods it; this is not, and needs no daemon. Bounded in size; when it is full, packets are
// still counted by their source. Danger prevented: an administrator who looks for a missing rule in a log that left it out.
import type { Family } from '../net/ip.ts'
import type { Chain, Line, Ruleset } from './ruleset.ts'
import { jump, line } from './ruleset.ts'

export const LEDGER_CHAIN = 'LEDGER'
/** An entry goes when it was not hit for so long (with ipset: so long after its first hit). */
export const LEDGER_SECONDS = 86_400
export const LEDGER_ENTRIES = 65_536

/** Counts and comes back: whoever jumps here has its own verdict. */
export function toLedger(): Line {
  return line({}, jump(LEDGER_CHAIN))
}

export function ledgerChain(): Chain {
  return { name: LEDGER_CHAIN, table: 'filter', lines: [line({}, { kind: 'ledger' })] }
}

export function isLedgerLine({ verdict }: Line): boolean {
  return verdict.kind === 'ledger' || (verdict.kind === 'jump' && verdict.chain === LEDGER_CHAIN)
}

/** What an element of a set says, beside source and target: protocol and port, ICMP type, protocol alone; `rest`: the source, and no more. */
export type LedgerKind = 'ports' | 'icmp' | 'other' | 'rest'

export interface LedgerSet {
  readonly name: string
  readonly family: Family
  readonly kind: LedgerKind
}

const KINDS: readonly (readonly [LedgerKind, string])[] = [['ports', 'ledger'], ['icmp', 'ledger_icmp'], ['other', 'ledger_other'], ['rest', 'ledger_rest']]

/** nft: a set a kind, since an ICMP message has no ports, and its checksum must not be taken for one. */
export const LEDGER_SETS: readonly LedgerSet[] = ([4, 6] as const).flatMap((family) => KINDS.map(([kind, name]) => ({ name: `${name}${family}`, family, kind })))

/** ipset: one set holds all kinds, with how often; its twin, refreshed by each packet, when last. */
export function ipsetNames(family: Family): { readonly count: string; readonly seen: string } {
  return { count: `gg_ledger${family}`, seen: `gg_seen${family}` }
}

/** What `ipset restore -exist` makes; rules that name a set load only where it is. */
export function ipsetText(): string {
  return ([4, 6] as const).flatMap((family) => {
    const { count, seen } = ipsetNames(family)
    const spec = `hash:ip,port,ip family inet${family === 6 ? '6' : ''} timeout ${LEDGER_SECONDS} maxelem ${LEDGER_ENTRIES}`
    return [`create ${count} ${spec} counters`, `create ${seen} ${spec}`]
  }).map((row) => `${row}\n`).join('')
}

/** For a text that has no ledger: without its chain and the jumps to it. */
export function withoutLedger(ruleset: Ruleset): readonly Chain[] {
  return ruleset.chains.filter(({ name }) => name !== LEDGER_CHAIN).map((each) => ({ ...each, lines: each.lines.filter((own) => !isLedgerLine(own)) }))
}
