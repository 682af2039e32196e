import type { Socket } from 'node:net'
import { encodeEmpty } from './frames.ts'

export const defaultHeartbeatMs = 5000
/** Intervals without a byte from the peer after which it is gone. */
const silentIntervals = 3

/**
 * Sends a heartbeat whenever nothing else was sent for an interval, and calls `onSilent` when the peer has sent nothing
 * for three, not counting those in which this side was not reading. Ends with the socket.
 */
export function keepAlive(socket: Socket, intervalMs: number, onSilent: (silentMs: number) => void): void {
  let read = socket.bytesRead
  let written = socket.bytesWritten
  let silent = 0
  const timer = setInterval(() => {
    silent = socket.bytesRead > read || socket.isPaused() ? 0 : silent + 1
    if (socket.bytesWritten === written && socket.writable) socket.write(encodeEmpty('heartbeat'))
    read = socket.bytesRead
    written = socket.bytesWritten
    if (silent >= silentIntervals) onSilent(silent * intervalMs)
  }, intervalMs)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
}
