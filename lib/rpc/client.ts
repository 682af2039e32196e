import { goJson } from '#protocol'
import { parseListen } from '#lib/address'
import type { ListenAddress } from '#lib/address'
import type { Logger } from '#lib/log'
import { connectPeer } from './client-connection.ts'
import type { PeerConnection } from './client-connection.ts'
import { RpcError } from './errors.ts'

export interface RpcClientOptions {
  /** `host:port` each; tried in order from a random one, until one works. */
  readonly addresses: readonly string[]
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
  readonly log: Logger
  /** Between 0 and 1; decides where to begin and spreads the pauses of many clients. */
  readonly random?: () => number
  /** Largest answer; default 256 MiB. */
  readonly maxAnswerBytes?: number
}

/** Calls methods of one service that lives at one or several addresses. Calls may overlap. */
export interface RpcClient {
  /**
   * The result of a call. The argument becomes the only parameter. It takes no longer than the call's timeout, and
   * before that the connect timeout for each address that has to be tried.
   * @throws RpcError of one of its four kinds; after `answer` the connection stays as it is.
   */
  call(method: string, argument: unknown): Promise<unknown>
  /** The same with an argument that is JSON text already, on one line. */
  callWithText(method: string, argument: string): Promise<unknown>
  /** The address that is connected to, if one is. */
  readonly peer: string | undefined
  /** Calls that are under way fail as `closed`, and so do later ones. */
  close(): Promise<void>
}

const firstPauseMs = 200
const longestPauseMs = 15_000

/**
 * A persistent connection to whichever address works: it is kept until it fails, then the next address is tried. When
 * none can be reached, calls fail at once for a pause that doubles from 0.2 to 15 seconds.
 * @throws when an address is not host:port.
 */
export function createRpcClient(options: RpcClientOptions): RpcClient {
  const { log, random = Math.random } = options
  const addresses = options.addresses.map((text) => ({ text, address: addressOf(text) }))
  if (addresses.length === 0) throw new Error('Cannot create an RPC client: it has no addresses')
  let turn = Math.floor(random() * addresses.length)
  let current: PeerConnection | undefined
  let connecting: Promise<PeerConnection> | undefined
  let failures = 0
  let pauseUntilMs = 0
  let lastTrouble = ''
  let closed = false

  async function connected(): Promise<PeerConnection> {
    if (closed) throw new RpcError('closed', 'Cannot call: the client is closed')
    if (current !== undefined) return current
    const pauseMs = pauseUntilMs - performance.now()
    if (connecting === undefined && pauseMs > 0)
      throw new RpcError('connect', `${lastTrouble}; next attempt in ${Math.ceil(pauseMs)} ms`)
    connecting ??= connectAny().finally(() => {
      connecting = undefined
    })
    return connecting
  }

  async function connectAny(): Promise<PeerConnection> {
    const troubles: string[] = []
    for (let tried = 0; tried < addresses.length; tried++) {
      const { text, address } = addresses[turn] ?? { text: '', address: { host: '', port: 0 } }
      try {
        return adopt(await connectPeer(text, address, options, () => lost(text)))
      } catch (error) {
        if (closed) throw new RpcError('closed', 'Cannot call: the client is closed')
        troubles.push(`${text}: ${(error as Error).message}`)
        turn = (turn + 1) % addresses.length
      }
    }
    failures++
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)) * (0.75 + random() / 2)
    pauseUntilMs = performance.now() + pauseMs
    lastTrouble = `Cannot connect to ${troubles.join(', ')}`
    log.debug({ addresses: options.addresses, failures, pauseMs }, 'no address can be connected to')
    throw new RpcError('connect', lastTrouble)
  }

  function adopt(connection: PeerConnection): PeerConnection {
    if (closed) {
      connection.destroy()
      throw new Error('nobody wants this connection any more')
    }
    failures = 0
    current = connection
    return connection
  }

  /** The connection is gone, so the next one goes to the next address. */
  function lost(address: string): void {
    log.debug({ peer: address }, 'connection lost')
    current = undefined
    turn = (turn + 1) % addresses.length
  }

  return {
    async call(method, argument) {
      const text = goJson(argument)
      return (await connected()).call(method, text)
    },
    async callWithText(method, argument) {
      return (await connected()).call(method, argument)
    },
    get peer() {
      return current?.peer
    },
    close() {
      closed = true
      current?.destroy() // which also makes it no longer the current one
      return Promise.resolve()
    },
  }
}

function addressOf(text: string): ListenAddress {
  const address = parseListen(text)
  if (address === undefined || address.port === 0) throw new Error(`Cannot call "${text}": it is not host:port`)
  return address
}
