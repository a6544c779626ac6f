// How much of a socket's writes the kernel has not taken: it shrinks while a slow reader reads, long before a write is done. Danger prevented: a
// reader that is slow and steady, taken for one that is idle. Node keeps the figure with the handle; without it only whole writes count.
import type { Socket } from 'node:net'

export function queuedOctets(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? 0
}
