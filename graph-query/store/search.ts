import { createPacer } from './pacer.ts'
import type { SeriesRecord } from './registry.ts'
import type { SeriesIndex } from './series-index.ts'
import type { CounterSearch, EndpointSearch, FoundCounter, FoundEndpoint } from './types.ts'

/** A search that takes longer than this is given up: the pattern is too costly for so many names. */
const longestSearchMs = 5000

/** One page of the endpoints that fit, in the order in which they first appeared. Lets others run while it looks. */
export async function searchEndpoints(index: SeriesIndex, search: EndpointSearch): Promise<FoundEndpoint[]> {
  const found: FoundEndpoint[] = []
  const look = createLook()
  const parts = search.parts.map((part) => part.toLowerCase())
  let skip = (search.page - 1) * search.limit
  for (const endpoint of index.endpoints.values()) {
    if (found.length >= search.limit) break
    await look()
    if (!search.name(endpoint.name)) continue
    if (parts.length > 0 && !hasCounterWith(endpoint.counters.keys(), parts)) continue
    if (skip > 0) skip--
    else found.push({ id: endpoint.id, endpoint: endpoint.name })
  }
  return found
}

function hasCounterWith(counters: Iterable<string>, parts: readonly string[]): boolean {
  for (const counter of counters) {
    const lower = counter.toLowerCase()
    if (parts.every((part) => lower.includes(part))) return true
  }
  return false
}

/** One page of the counters that fit, endpoint by endpoint. `newest` picks the series that a counter is today. */
export async function searchCounters(
  index: SeriesIndex,
  search: CounterSearch,
  newest: (series: readonly SeriesRecord[]) => SeriesRecord | undefined,
): Promise<FoundCounter[]> {
  const found: FoundCounter[] = []
  const look = createLook()
  let skip = (search.page - 1) * search.limit
  for (const endpointId of new Set(search.endpointIds)) {
    for (const [counter, series] of index.byId(endpointId)?.counters ?? []) {
      if (found.length >= search.limit) return found
      await look()
      if (!search.name(counter)) continue
      const record = newest(series)
      if (!record) continue
      if (skip > 0) skip--
      else found.push({ endpointId, counter, step: record.step, kind: record.kind })
    }
  }
  return found
}

/** To be awaited between names. Throws when the search has taken too long. */
function createLook(): () => Promise<void> | undefined {
  const pace = createPacer()
  const start = performance.now()
  let looked = 0
  return () => {
    if (++looked % 64 !== 0) return undefined
    if (performance.now() - start > longestSearchMs)
      throw new RangeError(`Cannot finish the search: it took longer than ${longestSearchMs} ms`)
    return pace()
  }
}
