import { createHash } from 'node:crypto'
import type { SeriesRecord } from './registry.ts'

/** One endpoint and its counters. */
export interface IndexedEndpoint {
  /** From the name alone, so it is the same after a restart, on every node, and for ever. Below 2^52. */
  readonly id: number
  readonly name: string
  /** Counter → its series, oldest first. More than one after a change of kind or step. */
  readonly counters: Map<string, SeriesRecord[]>
}

/** Finds series by name. */
export interface SeriesIndex {
  readonly endpoints: ReadonlyMap<string, IndexedEndpoint>
  byId(endpointId: number): IndexedEndpoint | undefined
  /** The series of a counter, oldest first. */
  find(endpoint: string, counter: string): readonly SeriesRecord[]
  add(record: SeriesRecord): void
  remove(record: SeriesRecord): void
}

export function createSeriesIndex(): SeriesIndex {
  const endpoints = new Map<string, IndexedEndpoint>()
  const ids = new Map<number, IndexedEndpoint>()
  return {
    endpoints,
    byId: (id) => ids.get(id),
    find: (endpoint, counter) => endpoints.get(endpoint)?.counters.get(counter) ?? [],
    add(record) {
      let endpoint = endpoints.get(record.endpoint)
      if (!endpoint) {
        endpoint = { id: endpointId(record.endpoint), name: record.endpoint, counters: new Map() }
        endpoints.set(record.endpoint, endpoint)
        ids.set(endpoint.id, endpoint)
      }
      const series = endpoint.counters.get(record.counter)
      if (series) series.push(record)
      else endpoint.counters.set(record.counter, [record])
    },
    remove(record) {
      const endpoint = endpoints.get(record.endpoint)
      const left = endpoint?.counters.get(record.counter)?.filter((series) => series.id !== record.id)
      if (!endpoint || !left) return
      if (left.length > 0) endpoint.counters.set(record.counter, left)
      else endpoint.counters.delete(record.counter)
      if (endpoint.counters.size > 0) return
      endpoints.delete(record.endpoint)
      ids.delete(endpoint.id)
    },
  }
}

/** The number by which clients name an endpoint. */
export function endpointId(name: string): number {
  const digest = createHash('md5').update(name).digest()
  return digest.readUIntBE(0, 6) * 16 + ((digest[6] ?? 0) >> 4)
}
