import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** A connection on which nothing is sent: its end tells at once that the server died. */
export interface ServerWatch {
  stop(): void
}

/** Servers close idle connections after a minute or so, which would look the same. */
const renewMs = 20_000
const retryMs = 250

/** Calls `onGone` when the server ends a connection, which a process does when it dies or stops. */
export function watchServer(url: string, onGone: () => void): ServerWatch {
  const { hostname, port, protocol } = new URL(url)
  const address = {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  }
  let socket: Socket | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function open(): void {
    const opened = connect(address)
    socket = opened
    let stood = false
    let renewing = false
    opened.unref()
    opened.once('connect', () => {
      stood = true
      timer = setTimeout(() => {
        renewing = true
        opened.destroy()
      }, renewMs).unref()
    })
    // Why it failed is told by the writes that fail, too.
    opened.on('error', () => undefined)
    // Reads nothing, but must flow to see the end.
    opened.resume()
    opened.once('close', () => {
      clearTimeout(timer)
      if (stopped) return
      if (stood && !renewing) onGone()
      if (renewing) open()
      else timer = setTimeout(open, retryMs).unref()
    })
  }

  open()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
      socket?.destroy()
    },
  }
}
