// A MAC address (EUI-48) in one spelling. Danger prevented: the same card under two spellings, matched under one of them only.

export type Mac = string & { readonly macBrand: unique symbol }

const SPELLING = /^(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})$/

/** Nobody sends from it: all zeros, or the group bit set (IEEE 802, multicast and broadcast). */
export function isNobodysMac(mac: Mac): boolean {
  return mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}

/** `00:1A:2B:3C:4D:5E`, `00-1a-2b-3c-4d-5e` or `001a.2b3c.4d5e`; canonical is lower case with colons. */
export function parseMac(text: string): Mac | undefined {
  const lower = text.toLowerCase()
  if (!SPELLING.test(lower)) return undefined
  const digits = lower.replace(/[:.-]/g, '')
  return (digits.match(/../g) ?? []).join(':') as Mac
}
