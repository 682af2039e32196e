import { readPattern } from '../store/pattern.ts'
import type { Store } from '../store/types.ts'
import { BadQuery } from './reader.ts'
import type { Reader } from './reader.ts'

/** Reads the store of this node. */
export function createLocalReader(store: Store): Reader {
  return {
    history: async (request) => orBadQuery(() => store.query(request)),
    last: async (endpoint, counter) => store.last(endpoint, counter),
    async searchEndpoints({ q, tags, page, limit }) {
      const name = patternOf(q, false)
      const parts = tags.split(',').flatMap((part) => part.trim() || [])
      return orBadQuery(() => store.searchEndpoints({ name, parts, page, limit }))
    },
    async searchCounters({ endpointIds, metricQuery, page, limit }) {
      const name = patternOf(metricQuery, true)
      return orBadQuery(() => store.searchCounters({ endpointIds, name, page, limit }))
    },
    endpoints: async (names) => store.endpoints(names),
    deleteEndpoints: (names) => store.deleteEndpoints(names),
    deleteCounters: (endpoints, counters) => store.deleteCounters(endpoints, counters),
  }
}

function patternOf(text: string, negation: boolean): (name: string) => boolean {
  const pattern = readPattern(text, { negation })
  if (!pattern.ok) throw new BadQuery(pattern.reason)
  return pattern.value
}

/** The store throws a RangeError when a question asks for too much. */
async function orBadQuery<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof RangeError) throw new BadQuery(error.message, { cause: error })
    throw error
  }
}
