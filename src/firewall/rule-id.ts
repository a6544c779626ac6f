// A rule's name as every back end takes it. Danger prevented: a name that ends a comment, a prefix or a line.

/** What `safeId` makes. */
export function isSafeId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{0,40}$/.test(value)
}

/** Safe in a comment and a log prefix: `rules[2]` is `rules-2`. */
export function safeId(id: string): string {
  return id.replace(/\[(\d+)\]/g, '-$1').replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 40)
}
