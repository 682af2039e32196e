import type { SeriesKind } from './series-record.ts'

/**
 * What the series of each place of a grid is: 0 for none or a deleted one. In memory that threads share, so that the
 * one which merges sees deletions too.
 */
export type PlaceKinds = Uint8Array

const codes = { GAUGE: 1, DERIVE: 2 } as const satisfies Record<SeriesKind, number>

export function createPlaceKinds(capacity = 1024): PlaceKinds {
  return new Uint8Array(new SharedArrayBuffer(capacity))
}

/** Notes a series, `undefined` when there is none any more; the same array, or a larger one in its place. */
export function withKind(kinds: PlaceKinds, place: number, kind: SeriesKind | undefined): PlaceKinds {
  let room = kinds
  if (place >= kinds.length) {
    room = createPlaceKinds(Math.max(place + 1, 2 * kinds.length))
    room.set(kinds)
  }
  room[place] = kind === undefined ? 0 : codes[kind]
  return room
}

export function kindOf(kinds: PlaceKinds, place: number): SeriesKind | undefined {
  const code = kinds[place]
  if (code === codes.GAUGE) return 'GAUGE'
  return code === codes.DERIVE ? 'DERIVE' : undefined
}
