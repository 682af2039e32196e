import { hash as digest } from 'node:crypto'
import { createHashTable } from './hash-table.ts'
import { isLiving } from './series-columns.ts'
import type { SeriesColumns } from './series-columns.ts'
import { createTexts } from './texts.ts'
import type { Texts } from './texts.ts'

/** Finds series by name. Endpoints and counters are numbers of texts, series are their numbers. */
export interface SeriesIndex {
  readonly endpoints: Texts
  readonly counters: Texts
  /** Endpoints that have living series. */
  readonly endpointCount: number
  /** The living series of a counter, oldest first. More than one after a change of kind or step. */
  find(endpoint: number, counter: number): number[]
  /** How many living series an endpoint has. */
  livingOf(endpoint: number): number
  /** The living series of an endpoint in the order in which they came. Others may come and go meanwhile. */
  seriesOf(endpoint: number): Generator<number, void>
  /** The number by which clients know an endpoint: from its name alone. */
  idOf(endpoint: number): number
  /** -1 when there is none that lives. */
  byId(endpointId: number): number
  /** Enters a series whose columns are filled in. */
  add(id: number): void
  /** Takes out a series whose columns say that it is deleted. */
  remove(id: number): void
}

/** By endpoint. */
interface EndpointColumns {
  ids: Float64Array
  /** First and last of its list of series, plus one; 0 for none. */
  firsts: Uint32Array
  lasts: Uint32Array
  living: Uint32Array
  /** Deleted ones that are still in the list. */
  deleted: Uint32Array
}

export function createSeriesIndex(columns: SeriesColumns, expected = 0): SeriesIndex {
  const endpoints = createTexts()
  const counters = createTexts()
  let lists = endpointColumns(1024)
  let known = 0
  let endpointCount = 0
  const hashOf = (id: number) => pairHash(columns.endpoints[id] ?? 0, columns.counters[id] ?? 0)
  const pairs = createHashTable(expected)
  const ids = createHashTable()

  /** Endpoints get their columns in the order of their texts. */
  function enterEndpoints(): void {
    if (endpoints.count > lists.ids.length) {
      const larger = endpointColumns(2 * endpoints.count)
      larger.ids.set(lists.ids)
      larger.firsts.set(lists.firsts)
      larger.lasts.set(lists.lasts)
      larger.living.set(lists.living)
      larger.deleted.set(lists.deleted)
      lists = larger
    }
    for (; known < endpoints.count; known++) {
      const id = endpointId(endpoints.text(known))
      lists.ids[known] = id
      ids.add(id, known)
    }
  }

  /** Links the living series of an endpoint anew. Deleted ones still lead to those that follow them. */
  function relink(endpoint: number): void {
    let last = 0
    for (let held = lists.firsts[endpoint] ?? 0; held !== 0; held = columns.nexts[held - 1] ?? 0) {
      if (((columns.states[held - 1] ?? 0) & isLiving) === 0) continue
      if (last === 0) lists.firsts[endpoint] = held
      else columns.nexts[last - 1] = held
      last = held
    }
    if (last === 0) lists.firsts[endpoint] = 0
    else columns.nexts[last - 1] = 0
    lists.lasts[endpoint] = last
    lists.deleted[endpoint] = 0
  }

  return {
    endpoints,
    counters,
    get endpointCount() {
      return endpointCount
    },
    find(endpoint, counter) {
      const found: number[] = []
      const hash = pairHash(endpoint, counter)
      for (let slot = pairs.first(hash); slot >= 0; slot = pairs.next(slot, hash)) {
        const id = pairs.at(slot)
        if (columns.endpoints[id] === endpoint && columns.counters[id] === counter) found.push(id)
      }
      return found.length > 1 ? found.toSorted((a, b) => a - b) : found
    },
    livingOf: (endpoint) => lists.living[endpoint] ?? 0,
    *seriesOf(endpoint) {
      for (let held = lists.firsts[endpoint] ?? 0; held !== 0; held = columns.nexts[held - 1] ?? 0)
        if (((columns.states[held - 1] ?? 0) & isLiving) !== 0) yield held - 1
    },
    idOf: (endpoint) => lists.ids[endpoint] ?? 0,
    byId(id) {
      for (let slot = ids.first(id); slot >= 0; slot = ids.next(slot, id)) {
        const endpoint = ids.at(slot)
        if (lists.ids[endpoint] === id && lists.living[endpoint] !== 0) return endpoint
      }
      return -1
    },
    add(id) {
      enterEndpoints()
      const endpoint = columns.endpoints[id] ?? 0
      pairs.add(hashOf(id), id)
      columns.nexts[id] = 0
      const last = lists.lasts[endpoint] ?? 0
      if (last === 0) lists.firsts[endpoint] = id + 1
      else columns.nexts[last - 1] = id + 1
      lists.lasts[endpoint] = id + 1
      const living = (lists.living[endpoint] ?? 0) + 1
      lists.living[endpoint] = living
      if (living === 1) endpointCount++
    },
    remove(id) {
      const hash = hashOf(id)
      let slot = pairs.first(hash)
      while (slot >= 0 && pairs.at(slot) !== id) slot = pairs.next(slot, hash)
      if (slot < 0) throw new RangeError(`Cannot take series ${id} out of the index: it is not there`)
      pairs.removeAt(slot)
      const endpoint = columns.endpoints[id] ?? 0
      const living = (lists.living[endpoint] ?? 0) - 1
      const deleted = (lists.deleted[endpoint] ?? 0) + 1
      lists.living[endpoint] = living
      lists.deleted[endpoint] = deleted
      if (living === 0) endpointCount--
      // Now and then, so that taking out many costs no more than once over the list.
      if (deleted > living) relink(endpoint)
    },
  }
}

function endpointColumns(length: number): EndpointColumns {
  return {
    ids: new Float64Array(length),
    firsts: new Uint32Array(length),
    lasts: new Uint32Array(length),
    living: new Uint32Array(length),
    deleted: new Uint32Array(length),
  }
}

function pairHash(endpoint: number, counter: number): number {
  return Math.imul(endpoint, 0x9e3779b1) ^ Math.imul(counter, 0x85ebca77)
}

/** The number by which clients name an endpoint: the same after a restart, on every node, and for ever. Below 2^52. */
export function endpointId(name: string): number {
  const bytes = digest('md5', name, 'buffer')
  return bytes.readUIntBE(0, 6) * 16 + ((bytes[6] ?? 0) >> 4)
}
