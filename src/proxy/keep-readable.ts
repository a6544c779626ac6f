// Node destroys a socket on its first failed write, and with it an answer that is already in the kernel's buffer (an upload refused early); and a
// stream that has once failed never says 'end'. Here the socket's owner destroys it. The switches are Node's own, found where its streams keep them;
// without them only that unread answer is lost.
import type { Socket } from 'node:net'

interface State {
  autoDestroy: boolean
  errored: Error | null
}

interface States {
  readonly _readableState?: State
  readonly _writableState?: State
}

/** Its two ends and its failed writes no longer destroy it. */
export function keepReadable(socket: Socket): void {
  const { _readableState, _writableState } = socket as unknown as States
  if (_readableState !== undefined) _readableState.autoDestroy = false
  if (_writableState !== undefined) _writableState.autoDestroy = false
}

/** After a failed write, so that its end is still told. */
export function readOn(socket: Socket): void {
  const { _readableState } = socket as unknown as States
  if (_readableState !== undefined) _readableState.errored = null
}

/** Did a write fail, which says nothing of what can still be read? */
export function writeFailed(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'write' || error.syscall === 'shutdown'
}
