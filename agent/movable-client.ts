import { createRpcClient } from '#lib/rpc'
import type { RpcClient, RpcClientOptions } from '#lib/rpc'

/** Where a client turns to. */
export type ClientTarget = Pick<RpcClientOptions, 'addresses' | 'connectTimeoutMs'>

export interface MovableClient extends RpcClient {
  /** Later calls go to these addresses; calls under way end where they are. */
  move(target: ClientTarget): void
}

/** A client whose addresses a reload can change. @throws when an address is not host:port, as `move` does. */
export function createMovableClient(
  initial: ClientTarget,
  common: Omit<RpcClientOptions, keyof ClientTarget>,
): MovableClient {
  let client = createRpcClient({ ...common, ...initial })
  let closed = false
  const underWay = new Set<Promise<unknown>>()

  async function follow(call: Promise<unknown>): Promise<unknown> {
    underWay.add(call)
    try {
      return await call
    } finally {
      underWay.delete(call)
    }
  }

  return {
    call: (method, argument) => follow(client.call(method, argument)),
    callWithText: (method, argument) => follow(client.callWithText(method, argument)),
    get peer() {
      return client.peer
    },
    move(target) {
      if (closed) return
      const old = client
      client = createRpcClient({ ...common, ...target })
      void Promise.allSettled(underWay).then(() => old.close())
    },
    close() {
      closed = true
      return client.close()
    },
  }
}
