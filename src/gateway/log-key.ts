// The key of the clients' pseudonyms: beside the store, so that a client keeps its pseudonym over a restart; without a store it lives and dies with the
// process. Danger prevented: a pseudonym that whoever reads the store can undo by trying all addresses.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const BYTES = 32

/** Throws where it can be neither read nor made. */
export function logKey(store: string | undefined): string {
  const fresh = randomBytes(BYTES).toString('hex')
  if (store === undefined) return fresh
  const file = `${store}.key`
  try {
    writeFileSync(file, `${fresh}\n`, { flag: 'wx', mode: 0o600 })
    return fresh
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const text = readFileSync(file, 'latin1').trim()
    if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} holds no key; remove it, and clients get new pseudonyms`)
    return text
  }
}
