// Via (RFC 9110 7.6.3): each message that passes through us says so, and one that has passed before is a loop.

/** A Via member of ours for a message received in HTTP/1.`minor`. */
export function viaMember(minor: 0 | 1, pseudonym: string): string {
  return minor === 1 ? `1.1 ${pseudonym}` : `1.0 ${pseudonym}`
}

/** Does a Via value name this very gateway as a hop? Protocol SP received-by, comments ignored. */
export function viaNames(value: string, pseudonym: string): boolean {
  if (!value.toLowerCase().includes(pseudonym)) return false
  for (const part of value.split(',')) {
    const words = part.trim().split(/[ \t]+/, 2)
    if (words[1]?.toLowerCase() === pseudonym) return true
  }
  return false
}
