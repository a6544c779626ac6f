// A text that holds no other. Danger prevented: a name of twenty octets, kept in a cache or for a tunnel's life, that keeps the whole head which it was
// cut from: V8 makes a slice a view of its parent, and a client chooses how long that is.

/** The same text with memory of its own; for what outlives the message that it stood in. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
