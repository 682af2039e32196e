import { createLinkClient } from '#lib/link'
import type { LinkClient } from '#lib/link'
import type { Logger } from '#lib/log'
import { copyAnswers, copyAsker, copyMethod } from './copy-questions.ts'
import type { CopyState } from './copy-questions.ts'

/** What another copy of this node says about its store; `reason` when it says nothing. */
export interface SiblingState {
  readonly address: string
  readonly state: CopyState | undefined
  readonly reason: string
}

/** The other copies of this node, asked what they have. */
export interface Siblings {
  /** Settles for all of them within the call's timeout; never rejects. */
  ask(): Promise<SiblingState[]>
  /** By which one of them is asked. */
  linkTo(address: string): LinkClient
  close(): Promise<void>
}

export interface SiblingLinks {
  /** What the nodes of a cluster share. */
  readonly token: () => string
  readonly callTimeoutMs: number
  readonly log: Logger
}

export function openSiblings(addresses: readonly string[], { token, callTimeoutMs, log }: SiblingLinks): Siblings {
  const connectTimeoutMs = Math.min(1000, callTimeoutMs)
  const clients = new Map(
    addresses.map((address) => [
      address,
      createLinkClient({ addresses: [address], module: copyAsker, connectTimeoutMs, ackTimeoutMs: callTimeoutMs, log }),
    ]),
  )
  return {
    ask: () =>
      Promise.all(
        [...clients].map(async ([address, client]) => {
          try {
            const answer = await client.call(copyMethod('state'), { token: token() })
            return { address, state: copyAnswers.state.parse(answer), reason: '' }
          } catch (error) {
            return { address, state: undefined, reason: (error as Error).message }
          }
        }),
      ),
    linkTo(address) {
      const client = clients.get(address)
      if (!client) throw new RangeError(`Cannot find the link to ${address}: it is no sibling`)
      return client
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
