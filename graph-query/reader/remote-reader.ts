import type { z } from 'zod'
import type { LinkClient } from '#lib/link'
import { BadQuery, NodeUnreachable } from './reader.ts'
import type { Reader } from './reader.ts'
import { answers, methodOf, unpackHistory } from './wire.ts'
import type { Question } from './wire.ts'

export interface RemoteReaderOptions {
  /** The other node's name, for errors. */
  readonly node: string
  readonly client: Pick<LinkClient, 'call'>
  readonly timeoutMs: number
  /** What deletions show; the nodes of a cluster share it. */
  token(): string
}

/** After a question that timed out, the node is not asked again for this long: many questions must not all wait. */
const restMs = 2000

/** Reads another node over the link. */
export function createRemoteReader(options: RemoteReaderOptions): Reader {
  const { node, client, timeoutMs } = options
  let timedOut: { readonly at: number; readonly error: unknown } | undefined

  async function ask<Q extends Question>(question: Q, params: unknown): Promise<z.output<(typeof answers)[Q]>> {
    let answer: unknown
    if (timedOut && performance.now() - timedOut.at < restMs) throw new NodeUnreachable(node, timedOut.error)
    try {
      answer = await client.call(methodOf(question), params, timeoutMs)
      timedOut = undefined
    } catch (error) {
      const { kind } = error as { kind?: string }
      if (kind === 'answer') throw new BadQuery((error as Error).message, { cause: error })
      if (kind === 'timeout') timedOut = { at: performance.now(), error }
      throw new NodeUnreachable(node, error)
    }
    return answers[question].parse(answer) as z.output<(typeof answers)[Q]>
  }

  return {
    history: async (request) => unpackHistory(await ask('history', request)),
    async last(endpoint, counter) {
      const last = await ask('last', { endpoint, counter })
      return last ? { ...last, previous: last.previous } : undefined
    },
    searchEndpoints: (query) => ask('searchEndpoints', query),
    searchCounters: (query) => ask('searchCounters', query),
    endpoints: (names) => ask('endpoints', { names }),
    deleteEndpoints: (names) => ask('deleteEndpoints', { names, token: options.token() }),
    deleteCounters: (endpoints, counters) => ask('deleteCounters', { endpoints, counters, token: options.token() }),
  }
}
