import { createNameTest } from './name-test.ts'
import { createPacer } from './pacer.ts'
import type { SeriesRecord } from './series-record.ts'
import type { Catalog } from './catalog.ts'
import type { CounterSearch, EndpointSearch, FoundCounter, FoundEndpoint, NamePattern } from './types.ts'

/** A search that takes longer than this is given up: the pattern is too costly for so many names. */
const longestSearchMs = 5000

/** One page of the endpoints that fit, in the order in which they first appeared. Lets others run while it looks. */
export async function searchEndpoints(catalog: Catalog, search: EndpointSearch): Promise<FoundEndpoint[]> {
  const { index } = catalog
  const found: FoundEndpoint[] = []
  const look = createLook()
  const parts = search.parts.map((part) => part.toLowerCase())
  const fits = createNameTest(index.endpoints, search.name)
  const hasParts = createNameTest(index.counters, allOf(parts))
  let skip = (search.page - 1) * search.limit
  for (let endpoint = 0; endpoint < index.endpoints.count && found.length < search.limit; endpoint++) {
    if (look.isDue()) await look.rest()
    if (index.livingOf(endpoint) === 0) continue
    if (!fits(endpoint)) continue
    if (parts.length > 0) {
      let has = false
      for (const id of index.seriesOf(endpoint)) {
        if (look.isDue()) await look.rest()
        has = hasParts(catalog.counterOf(id))
        if (has) break
      }
      if (!has) continue
    }
    if (skip > 0) skip--
    else found.push({ id: index.idOf(endpoint), endpoint: index.endpoints.text(endpoint) })
  }
  return found
}

/** One page of the counters that fit, endpoint by endpoint. `newest` picks the series that a counter is today. */
export async function searchCounters(
  catalog: Catalog,
  search: CounterSearch,
  newest: (series: readonly SeriesRecord[]) => SeriesRecord | undefined,
): Promise<FoundCounter[]> {
  const { index } = catalog
  const found: FoundCounter[] = []
  const look = createLook()
  const fits = createNameTest(index.counters, search.name)
  let skip = (search.page - 1) * search.limit
  for (const endpointId of new Set(search.endpointIds)) {
    const endpoint = index.byId(endpointId)
    if (endpoint < 0) continue
    for (const id of index.seriesOf(endpoint)) {
      if (found.length >= search.limit) return found
      if (look.isDue()) await look.rest()
      const counter = catalog.counterOf(id)
      if (!fits(counter)) continue
      const series = index.find(endpoint, counter)
      // A counter that changed its kind or step has several; it is one answer, where the oldest is.
      if (series[0] !== id) continue
      if (skip > 0) {
        skip--
        continue
      }
      const record = newest(series.map((other) => catalog.record(other)))
      if (record) found.push({ endpointId, counter: record.counter, step: record.step, kind: record.kind })
    }
  }
  return found
}

/** Names that have all of these texts, whatever their case. */
function allOf(parts: readonly string[]): NamePattern {
  const fits = (name: string) => {
    const lower = name.toLowerCase()
    return parts.every((part) => lower.includes(part))
  }
  return Object.assign(fits, { literal: parts.toSorted((a, b) => b.length - a.length)[0] })
}

/** `isDue` is to be asked before each name; `rest` throws when the search has taken too long. */
function createLook() {
  const pace = createPacer()
  const start = performance.now()
  let looked = 0
  return {
    isDue: () => ++looked % 32 === 0,
    rest(): Promise<void> {
      if (performance.now() - start > longestSearchMs)
        throw new RangeError(`Cannot finish the search: it took longer than ${longestSearchMs} ms`)
      return pace()
    },
  }
}
