// Which fields end at this hop (RFC 9110 7.6.1): those that are so by nature, and those that Connection names. Framing and Host are made anew
// and cannot be taken away by naming them; nor can Max-Forwards (a loop would not end) or who is asking (Authorization, X-Forwarded-For). Danger prevented: fields smuggled past
// or stripped off by Connection (CVE-2025-48865).
import { FIELD, type Fields } from './fields.ts'

/** 1: ends here; 2: made anew by the serialiser at its place or dropped by it; 0: end to end */
const ENDS = new Uint8Array(32)
for (const id of [
  FIELD.CONNECTION,
  FIELD.KEEP_ALIVE,
  FIELD.PROXY_CONNECTION,
  FIELD.PROXY_AUTHORIZATION,
  FIELD.PROXY_AUTHENTICATE,
  FIELD.PROXY_AUTHENTICATION_INFO,
  FIELD.TE,
  FIELD.TRAILER,
  FIELD.UPGRADE,
  FIELD.HTTP2_SETTINGS,
  FIELD.LOOKALIKE,
]) {
  ENDS[id] = 1
}

/** Meant for all who get the message, whoever names it: whom it is from, and how far it may go. */
const STAYS = new Uint8Array(32)
for (const id of [FIELD.MAX_FORWARDS, FIELD.AUTHORIZATION, FIELD.FORWARDED, FIELD.X_FORWARDED]) STAYS[id] = 1

/** The field is one of this hop by its nature. */
export function endsHere(id: number): boolean {
  return ENDS[id] === 1
}

/** Connection names it, and may. `options` are its members in lower case; most messages have none or one. */
export function nominated(options: readonly string[], fields: Fields, index: number): boolean {
  const id = fields.id(index)
  if (options.length === 0 || (id !== 0 && STAYS[id] === 1)) return false
  if (options.length === 1 && (options[0] === 'keep-alive' || options[0] === 'close')) return false
  const name = fields.name(index).toLowerCase()
  if (options.length <= FEW) return options.includes(name)
  let set = sets.get(options)
  if (set === undefined) sets.set(options, (set = new Set(options)))
  return set.has(name)
}

/** More than honest messages have. Two hundred fields times the thirty thousand options that fit a head would hold everybody up. */
const FEW = 8
const sets = new WeakMap<readonly string[], ReadonlySet<string>>()
