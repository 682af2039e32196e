import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { ListenAddress } from '#lib/address'
import { RpcError } from './errors.ts'
import { Framer } from './framer.ts'

/** One connection to one peer. It ends itself when a call times out, as nobody knows then what the peer is up to. */
export interface PeerConnection {
  /** The address as it was configured. */
  readonly peer: string
  /** `argument` is JSON text. */
  call(method: string, argument: string): Promise<unknown>
  destroy(): void
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: RpcError) => void
  readonly timer: NodeJS.Timeout
}

interface PeerOptions {
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
  readonly maxAnswerBytes?: number
}

/**
 * Resolves when connected, rejects when that fails or takes too long. `onLost` is called once, as soon as no further
 * call should be made on it.
 */
export async function connectPeer(
  peer: string,
  address: ListenAddress,
  options: PeerOptions,
  onLost: () => void,
): Promise<PeerConnection> {
  const socket = await openSocket(address, options.connectTimeoutMs)
  const waiting = new Map<number, Waiting>()
  const framer = new Framer(options.maxAnswerBytes ?? 256 * 2 ** 20)
  let nextId = 0
  let trouble = 'the peer closed the connection'
  let lost = false

  socket.on('data', (chunk) => {
    framer.push(chunk)
    try {
      // Settled at once: after an answer, nothing more may come for long.
      for (let frame = framer.next(true); frame !== undefined; frame = framer.next(true)) answered(frame.value)
    } catch (error) {
      fail(`what the peer sent is no answer: ${(error as Error).message}`)
    }
  })
  socket.on('error', (error) => {
    trouble = error.message
  })
  socket.on('end', () => lose())
  socket.on('close', () => {
    lose()
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer)
      reject(new RpcError('closed', `Cannot complete a call to ${peer}: ${trouble}`))
    }
    waiting.clear()
  })

  function answered(reply: unknown): void {
    const { id, result, error } = (reply ?? {}) as { id?: unknown; result?: unknown; error?: unknown }
    const call = waiting.get(id as number)
    if (call === undefined) return // of a call that nobody waits for any more
    waiting.delete(id as number)
    clearTimeout(call.timer)
    if (error === null || error === undefined) call.resolve(result ?? null)
    else call.reject(new RpcError('answer', typeof error === 'string' ? error : JSON.stringify(error)))
  }

  function fail(reason: string): void {
    trouble = reason
    lose()
  }

  function lose(): void {
    socket.destroy()
    if (lost) return
    lost = true
    onLost()
  }

  return {
    peer,
    call: (method, argument) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) throw new RpcError('closed', `Cannot complete a call to ${peer}: ${trouble}`)
        const id = nextId++
        const timer = setTimeout(() => {
          waiting.delete(id)
          const reason = `no answer to ${method} from ${peer} within ${options.callTimeoutMs} ms`
          reject(new RpcError('timeout', `Cannot complete a call: ${reason}`))
          fail(reason)
        }, options.callTimeoutMs)
        waiting.set(id, { resolve, reject, timer })
        socket.write(`{"method":${JSON.stringify(method)},"params":[${argument}],"id":${id}}\n`)
      }),
    destroy: () => fail('the client was closed'),
  }
}

function openSocket({ host, port }: ListenAddress, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host === '' ? '127.0.0.1' : host, port, noDelay: true, keepAlive: true })
    const timer = setTimeout(() => fail(new Error(`not connected within ${timeoutMs} ms`)), timeoutMs)
    const fail = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
