// What one read leads to, sent in as few writes as it takes: small parts are copied into one buffer, large ones go as they are. Danger
// prevented: a packet and a system call for each head, size line and piece.
import type { Socket } from 'node:net'

/** Up to here one copy is cheaper than a gathered write. */
const TOGETHER = 16 * 1024

export class Outgoing {
  #parts: (string | Buffer)[] = []
  #octets = 0

  /** Latin1 text, or octets that stay as they are until `flush` has said who holds them. */
  add(part: string | Buffer): void {
    if (part.length === 0) return
    this.#parts.push(part)
    this.#octets += part.length
  }

  drop(): void {
    this.#parts = []
    this.#octets = 0
  }

  /**
   * Writes all of it. True: octets given to `add` are held by the socket until it calls `written`. `always`: it calls that in any case, for who
   * waits until all is sent: of less than the high-water mark no 'drain' tells.
   */
  flush(socket: Socket, written: () => void, always = false): boolean {
    const parts = this.#parts
    const octets = this.#octets
    if (parts.length === 0) return false
    this.#parts = []
    this.#octets = 0
    const [first] = parts
    if (parts.length === 1 && typeof first === 'string') {
      socket.write(first, 'latin1', always ? written : undefined)
      return false
    }
    if (parts.length === 1 && first !== undefined) {
      socket.write(first, written)
      return true
    }
    if (octets <= TOGETHER) {
      socket.write(together(parts, octets), always ? written : undefined)
      return false
    }
    socket.cork()
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] ?? ''
      const last = index === parts.length - 1
      if (typeof part === 'string') socket.write(part, 'latin1', last ? written : undefined)
      else socket.write(part, last ? written : undefined)
    }
    socket.uncork()
    return true
  }
}

function together(parts: readonly (string | Buffer)[], octets: number): Buffer {
  const buffer = Buffer.allocUnsafe(octets)
  let at = 0
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? ''
    at += typeof part === 'string' ? buffer.write(part, at, 'latin1') : part.copy(buffer, at)
  }
  return buffer
}
