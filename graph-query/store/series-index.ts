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
  /** Every counter that any endpoint has, once. */
  readonly counters: Pick<ReadonlyMap<string, unknown>, 'keys' | 'size'>
  /** The series of a counter, oldest first. */
  find(endpoint: string, counter: string): readonly SeriesRecord[]
  /** The same names in the strings that other series have them in: most hosts send the same counters. */
  namesOf(record: SeriesRecord): { readonly endpoint: string; readonly counter: string }
  add(record: SeriesRecord): void
  remove(record: SeriesRecord): void
}

interface CounterName {
  readonly text: string
  uses: number
}

export function createSeriesIndex(): SeriesIndex {
  const endpoints = new Map<string, IndexedEndpoint>()
  const ids = new Map<number, IndexedEndpoint>()
  /** Counters that were met, and how many series of the index have them. */
  const counterNames = new Map<string, CounterName>()

  function sharedName(counter: string): CounterName {
    const known = counterNames.get(counter)
    if (known) return known
    const name = { text: counter, uses: 0 }
    counterNames.set(counter, name)
    return name
  }

  return {
    endpoints,
    counters: counterNames,
    byId: (id) => ids.get(id),
    find: (endpoint, counter) => endpoints.get(endpoint)?.counters.get(counter) ?? [],
    namesOf: ({ endpoint, counter }) => ({
      endpoint: endpoints.get(endpoint)?.name ?? endpoint,
      counter: counterNames.get(counter)?.text ?? counter,
    }),
    add(record) {
      sharedName(record.counter).uses++
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
      const name = sharedName(record.counter)
      if (--name.uses === 0) counterNames.delete(name.text)
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
