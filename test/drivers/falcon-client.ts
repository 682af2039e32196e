import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** One element of `Transfer.Update` as an agent or a script sends it. */
export interface SentItem {
  endpoint: string
  metric: string
  value: number | string
  step: number
  counterType: string
  tags: string
  timestamp: number
}

/**
 * A client as Go's is: one connection, numbered calls, one line each, and it dials again after any failure.
 * Written apart from the product's own client, so that both ends are not wrong in the same way.
 */
export interface FalconClient {
  /** Resolves to the result; rejects on an error answer, a lost connection, or after `timeoutMs`. */
  call(method: string, argument: unknown, timeoutMs?: number): Promise<unknown>
  close(): void
}

export function createFalconClient(port: number): FalconClient {
  let socket: Socket | undefined
  let nextId = 0
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()

  function dial(): Socket {
    if (socket && !socket.destroyed) return socket
    const dialed = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('utf8')
    let text = ''
    dialed.on('data', (chunk) => {
      text += String(chunk)
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error: string | null }
        const call = waiting.get(id)
        waiting.delete(id)
        if (error === null) call?.resolve(result)
        else call?.reject(new Error(error))
      }
    })
    const lost = () => {
      for (const call of waiting.values()) call.reject(new Error('connection lost'))
      waiting.clear()
    }
    dialed.on('error', lost)
    dialed.on('close', lost)
    socket = dialed
    return dialed
  }

  return {
    call(method, argument, timeoutMs = 10_000) {
      const id = nextId++
      return new Promise<unknown>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          socket?.destroy()
          reject(new Error(`no answer within ${timeoutMs} ms`))
        }, timeoutMs)
        const settle =
          <T>(end: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer)
            end(value)
          }
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) })
        dial().write(`${JSON.stringify({ method, params: [argument], id })}\n`)
      })
    },
    close: () => socket?.destroy(),
  }
}
