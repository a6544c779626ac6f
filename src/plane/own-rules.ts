// What is ours in the kernel, as text that loads into an empty one: one nft table, or our chains and jumps in each family of iptables. What is
// compiled, what was in force, and what is read back all have this form, so that applying, taking back and flushing are one thing.

export interface OwnRules {
  readonly nft?: string
  readonly iptables?: string
  readonly ip6tables?: string
}

/** In the order in which they are loaded: one transaction for both families, or IPv6 first, because who is forgotten there is forgotten longest. */
export const STORES = ['nft', 'ip6tables', 'iptables'] as const

export type Store = (typeof STORES)[number]

export const NOTHING: OwnRules = {}

export function isNothing(rules: OwnRules): boolean {
  return STORES.every((store) => rules[store] === undefined)
}

export function storesText(rules: OwnRules): string {
  const stores = STORES.filter((store) => rules[store] !== undefined)
  return stores.length === 0 ? 'nothing' : stores.join(' and ')
}
