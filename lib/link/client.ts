import { parseListen } from '#lib/config'
import { openConnection } from './client-connection.ts'
import type { Answers, ClientConnection, ConnectOptions } from './client-connection.ts'
import type { LinkAck } from './columns.ts'
import { defaultMaxFrameBytes } from './frames.ts'
import { defaultHeartbeatMs } from './heartbeat.ts'
import { LinkError } from './link-error.ts'
import type { LinkClient, LinkClientOptions } from './link.ts'

const firstPauseMs = 100
const longestPauseMs = 5000
const defaultRedefineAfterMs = 24 * 3600 * 1000

/** A batch or call that has no answer yet. */
interface Waiting {
  resolve(answer: unknown): void
  reject(error: LinkError): void
  readonly timer: NodeJS.Timeout
}

/** Starts connecting at once and keeps at it until closed. Throws when an address is not host:port. */
export function createLinkClient(options: LinkClientOptions): LinkClient {
  const { addresses, ackTimeoutMs, log, random = Math.random } = options
  if (addresses.length === 0) throw new Error('Cannot create a link: no address is given')
  for (const address of addresses)
    if (!parseListen(address)) throw new Error(`Cannot create a link: "${address}" is not host:port`)
  const stopping = new AbortController()
  const connectOptions: ConnectOptions = {
    module: options.module,
    connectTimeoutMs: options.connectTimeoutMs,
    heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
    maxFrameBytes: options.maxFrameBytes ?? defaultMaxFrameBytes,
    redefineAfterMs: options.redefineAfterMs ?? defaultRedefineAfterMs,
    signal: stopping.signal,
  }
  const listeners: (() => void)[] = []
  /** In the order they were sent. */
  const waiting = new Map<number, Waiting>()
  let connection: ClientConnection | undefined
  let addressIndex = 0
  let failures = 0
  let lastError: string | undefined
  let loggedError: string | undefined
  let lastId = 0
  let pause: NodeJS.Timeout | undefined
  let onGone: (() => void) | undefined

  const answers: Answers = {
    ack: (id, ack) => takeWaiting(id)?.resolve(ack),
    reply: (id, value) => takeWaiting(id)?.resolve(value),
    error: (id, reason) => takeWaiting(id)?.reject(new LinkError('answer', reason)),
    closed(reason) {
      connection = undefined
      const text = `Lost the link to ${address()}: ${reason}`
      failed(text)
      for (const id of waiting.keys()) takeWaiting(id)?.reject(new LinkError('closed', text))
      onGone?.()
    },
  }
  const address = () => addresses[addressIndex] ?? ''
  let attempt = tryToConnect()

  async function tryToConnect(): Promise<void> {
    try {
      connection = await openConnection(address(), connectOptions, answers)
    } catch (error) {
      failed(`Cannot link to ${address()}: ${messageOf(error)}`)
      return
    }
    failures = 0
    lastError = undefined
    loggedError = undefined
    log.info({ address: address(), peer: connection.peer }, 'link connected')
    for (const listener of listeners) listener()
  }

  /** Goes on with the next address: at once while one is left untried, then after a pause that grows. */
  function failed(reason: string): void {
    lastError = reason
    if (stopping.signal.aborted) return
    // A peer that stays away is one line, not one each attempt.
    log[reason === loggedError ? 'debug' : 'warn']({ address: address(), reason }, 'link down')
    loggedError = reason
    failures++
    addressIndex = (addressIndex + 1) % addresses.length
    const rounds = failures / addresses.length
    const pauseMs = Number.isInteger(rounds) ? Math.min(longestPauseMs, firstPauseMs * 2 ** (rounds - 1)) : 0
    pause = setTimeout(() => void (attempt = tryToConnect()), pauseMs * (0.5 + random() / 2))
  }

  function takeWaiting(id: number): Waiting | undefined {
    const one = waiting.get(id)
    waiting.delete(id)
    clearTimeout(one?.timer)
    return one
  }

  /** Sends through the connection under a new id; settles with the answer to it. */
  function ask(timeoutMs: number, send: (to: ClientConnection, id: number) => void): Promise<unknown> {
    if (!connection)
      return Promise.reject(new LinkError('closed', lastError ?? `Not yet linked to ${addresses.join(', ')}`))
    do lastId = (lastId + 1) >>> 0
    while (waiting.has(lastId))
    const id = lastId
    try {
      send(connection, id)
    } catch (error) {
      return Promise.reject(error)
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => takeWaiting(id)?.reject(new LinkError('timeout', `No answer from ${address()} within ${timeoutMs} ms`)),
        timeoutMs,
      )
      waiting.set(id, { resolve, reject, timer })
    })
  }

  return {
    get connected() {
      return connection !== undefined
    },
    get peer() {
      return connection && address()
    },
    get lastError() {
      return lastError
    },
    send: (columns) => ask(ackTimeoutMs, (to, id) => to.samples(id, columns)) as Promise<LinkAck>,
    call: (method, params, timeoutMs = ackTimeoutMs) => ask(timeoutMs, (to, id) => to.call(id, method, params)),
    onConnect: (listener) => void listeners.push(listener),
    async close() {
      stopping.abort()
      clearTimeout(pause)
      await attempt
      if (!connection) return
      const gone = new Promise<void>((resolve) => (onGone = resolve))
      connection.end()
      await gone
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
