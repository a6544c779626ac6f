// Ends a connection by a reset, at once. Node's `resetAndDestroy` first ends the stream in order and waits until all is written, which a peer that
// reads nothing delays for ever; and a destroy in between fails (a reset may not follow a shutdown under way) and leaks the descriptor.
import type { Socket } from 'node:net'

export function resetNow(socket: Socket): void {
  if (socket.destroyed) return
  // behind an end of ours a reset is refused by libuv: then the descriptor counts more than the manner
  if (!socket.writableEnded) (socket as Socket & { resetAndClosing?: boolean }).resetAndClosing = true
  socket.destroy()
}
