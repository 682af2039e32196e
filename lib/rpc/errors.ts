/**
 * Why a call has no result: no address could be connected to, the answer did not come in time, the connection was lost
 * before it came, or the peer answered with an error, whose text is then the message.
 */
export type RpcFailure = 'connect' | 'timeout' | 'closed' | 'answer'

export class RpcError extends Error {
  override name = 'RpcError'
  readonly kind: RpcFailure

  constructor(kind: RpcFailure, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Thrown by a method whose answer is an error although nothing is broken: counted as `rpc.refused` and not logged. */
export class RpcRefusal extends Error {
  override name = 'RpcRefusal'
}

/** Why a server closed a connection itself; also the last part of the counter's name, `rpc.closed.<reason>`. */
export type CloseReason =
  /** What came is no JSON, or no request. */
  | 'malformed'
  /** A request is larger than the limit. */
  | 'tooLarge'
  /** A request that was begun has not been completed in time. */
  | 'tooSlow'
  /** The peer ended the connection inside of a request. */
  | 'incomplete'
  /** The peer does not read its answers. */
  | 'slowReader'
  /** Half-received requests of all connections together fill the memory set aside for them. */
  | 'memory'

/** Thrown by the framer: nothing that follows on this connection can be understood. */
export class FramingError extends Error {
  override name = 'FramingError'
  readonly reason: Extract<CloseReason, 'malformed' | 'tooLarge'>

  constructor(reason: Extract<CloseReason, 'malformed' | 'tooLarge'>, message: string) {
    super(message)
    this.reason = reason
  }
}
