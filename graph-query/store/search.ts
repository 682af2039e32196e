import { createPacer } from './pacer.ts'
import type { SeriesRecord } from './registry.ts'
import type { IndexedEndpoint, SeriesIndex } from './series-index.ts'
import type { CounterSearch, EndpointSearch, FoundCounter, FoundEndpoint } from './types.ts'

/** A search that takes longer than this is given up: the pattern is too costly for so many names. */
const longestSearchMs = 5000

/** One page of the endpoints that fit, in the order in which they first appeared. Lets others run while it looks. */
export async function searchEndpoints(index: SeriesIndex, search: EndpointSearch): Promise<FoundEndpoint[]> {
  const found: FoundEndpoint[] = []
  const look = createLook()
  const parts = search.parts.map((part) => part.toLowerCase())
  const fitting = parts.length === 0 ? undefined : await fittingCounters(index, hasAll(parts), look)
  let skip = (search.page - 1) * search.limit
  for (const endpoint of index.endpoints.values()) {
    if (found.length >= search.limit || fitting?.size === 0) break
    await look()
    if (!search.name(endpoint.name)) continue
    if (fitting && commonOf(endpoint.counters, fitting).next().done) continue
    if (skip > 0) skip--
    else found.push({ id: endpoint.id, endpoint: endpoint.name })
  }
  return found
}

function hasAll(parts: readonly string[]): (counter: string) => boolean {
  return (counter) => {
    const lower = counter.toLowerCase()
    return parts.every((part) => lower.includes(part))
  }
}

/** The counters that fit, of all endpoints: most hosts have the same, so that each is tested once. */
async function fittingCounters(
  index: SeriesIndex,
  fits: (counter: string) => boolean,
  look: () => Promise<void> | undefined,
): Promise<ReadonlySet<string>> {
  const fitting = new Set<string>()
  for (const counter of index.counters.keys()) {
    await look()
    if (fits(counter)) fitting.add(counter)
  }
  return fitting
}

/** What is in both, found by going through the smaller one. */
function* commonOf(
  counters: IndexedEndpoint['counters'],
  fitting: ReadonlySet<string>,
): Generator<readonly [counter: string, series: readonly SeriesRecord[]]> {
  if (counters.size <= fitting.size) {
    for (const entry of counters) if (fitting.has(entry[0])) yield entry
    return
  }
  for (const counter of fitting) {
    const series = counters.get(counter)
    if (series) yield [counter, series]
  }
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
  const endpoints = [...new Set(search.endpointIds)].flatMap((id) => index.byId(id) ?? [])
  const asked = endpoints.reduce((sum, { counters }) => sum + counters.size, 0)
  // Of a few endpoints the counters are tested one by one, of many the texts that they share.
  const fitting = asked > index.counters.size ? await fittingCounters(index, search.name, look) : undefined
  for (const { id: endpointId, counters } of endpoints) {
    if (found.length >= search.limit || fitting?.size === 0) return found
    await look()
    for (const [counter, series] of fitting ? commonOf(counters, fitting) : counters) {
      if (found.length >= search.limit) return found
      await look()
      if (!fitting && !search.name(counter)) continue
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
