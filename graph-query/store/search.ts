import { createPacer } from './pacer.ts'
import type { SeriesRecord } from './registry.ts'
import type { Catalog } from './catalog.ts'
import type { Texts } from './texts.ts'
import type { CounterSearch, EndpointSearch, FoundCounter, FoundEndpoint } from './types.ts'

/** A search that takes longer than this is given up: the pattern is too costly for so many names. */
const longestSearchMs = 5000

/** One page of the endpoints that fit, in the order in which they first appeared. Lets others run while it looks. */
export async function searchEndpoints(catalog: Catalog, search: EndpointSearch): Promise<FoundEndpoint[]> {
  const { index } = catalog
  const found: FoundEndpoint[] = []
  const look = createLook()
  const parts = search.parts.map((part) => part.toLowerCase())
  const hasParts = onceForEach(index.counters, (counter) => {
    const lower = counter.toLowerCase()
    return parts.every((part) => lower.includes(part))
  })
  let skip = (search.page - 1) * search.limit
  for (let endpoint = 0; endpoint < index.endpoints.count && found.length < search.limit; endpoint++) {
    if (look.isDue()) await look.rest()
    if (index.livingOf(endpoint) === 0) continue
    const name = index.endpoints.text(endpoint)
    if (!search.name(name)) continue
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
    else found.push({ id: index.idOf(endpoint), endpoint: name })
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
  const fits = onceForEach(index.counters, search.name)
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
      const record = newest(series.map(catalog.record))
      if (record) found.push({ endpointId, counter: record.counter, step: record.step, kind: record.kind })
    }
  }
  return found
}

/** Asks `fits` once for each different text: most hosts send the same counters. */
function onceForEach(texts: Texts, fits: (text: string) => boolean): (number: number) => boolean {
  /** 0 while it is not known, 1 for no, 2 for yes. Texts that come during the search are asked each time. */
  const answers = new Uint8Array(texts.count)
  return (number) => {
    const known = answers[number] ?? 0
    if (known !== 0) return known === 2
    const fit = fits(texts.text(number))
    answers[number] = fit ? 2 : 1
    return fit
  }
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
