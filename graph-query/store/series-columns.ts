import type { SeriesKind } from './series-record.ts'

/**
 * What is kept of every series, by its number; 18 bytes each, none of them on the heap of objects. The arrays are
 * replaced when they grow: do not hold on to them.
 */
export interface SeriesColumns {
  /** Numbers of the texts. */
  endpoints: Uint32Array
  counters: Uint32Array
  /** The next series of the same endpoint plus one, 0 for none. */
  nexts: Uint32Array
  /** Number among the series of its step. */
  places: Uint32Array
  /** 0 for a number that no series has, otherwise `isDefined` and other bits. */
  states: Uint16Array
}

export const isDefined = 1
/** Not deleted. */
export const isLiving = 2
const isDerive = 4
/** The number of the grid is above these bits; there are far fewer grids than the others have room for. */
const gridBits = 3

export function livingState(kind: SeriesKind, grid: number): number {
  return isDefined | isLiving | (kind === 'DERIVE' ? isDerive : 0) | (grid << gridBits)
}

export function kindOf(state: number): SeriesKind {
  return (state & isDerive) === 0 ? 'GAUGE' : 'DERIVE'
}

export function gridOf(state: number): number {
  return state >>> gridBits
}

export function createSeriesColumns(expected = 0): SeriesColumns {
  return ofLength(Math.max(1024, expected))
}

/** Makes room for a series number. */
export function makeRoom(columns: SeriesColumns, id: number): void {
  if (id < columns.states.length) return
  const larger = ofLength(Math.max(id + 1, 2 * columns.states.length))
  larger.endpoints.set(columns.endpoints)
  larger.counters.set(columns.counters)
  larger.nexts.set(columns.nexts)
  larger.places.set(columns.places)
  larger.states.set(columns.states)
  Object.assign(columns, larger)
}

function ofLength(length: number): SeriesColumns {
  return {
    endpoints: new Uint32Array(length),
    counters: new Uint32Array(length),
    nexts: new Uint32Array(length),
    places: new Uint32Array(length),
    states: new Uint16Array(length),
  }
}
