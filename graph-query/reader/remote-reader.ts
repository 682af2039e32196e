import type { z } from 'zod'
import type { LinkClient } from '#lib/link'
import { BadQuery, NodeUnreachable } from './reader.ts'
import type { Reader } from './reader.ts'
import { answers, methodOf, unpackHistory } from './wire.ts'
import type { Question } from './wire.ts'

/** Reads another node over the link. `node` is its name in errors. */
export function createRemoteReader(node: string, client: LinkClient, timeoutMs: number): Reader {
  async function ask<Q extends Question>(question: Q, params: unknown): Promise<z.output<(typeof answers)[Q]>> {
    let answer: unknown
    try {
      answer = await client.call(methodOf(question), params, timeoutMs)
    } catch (error) {
      if ((error as { kind?: string }).kind === 'answer') throw new BadQuery((error as Error).message, { cause: error })
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
    deleteEndpoints: (names) => ask('deleteEndpoints', { names }),
    deleteCounters: (endpoints, counters) => ask('deleteCounters', { endpoints, counters }),
  }
}
