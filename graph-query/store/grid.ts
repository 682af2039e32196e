import { createHeadWindow, putInWindow } from './head.ts'
import type { HeadWindow, PagePool } from './head.ts'
import { rateReach } from './layout.ts'
import type { GridLayout } from './layout.ts'
import { createPlaceKinds, withKind } from './place-kinds.ts'
import type { PlaceKinds } from './place-kinds.ts'
import type { SeriesKind } from './series-record.ts'
import {
  clearRows,
  consolidateRows,
  consolidateValues,
  createRows,
  overlayRows,
  overlayValues,
  ratesInPlace,
} from './rows.ts'
import type { RowColumns } from './rows.ts'
import { seriesPerPage } from './segment-format.ts'
import type { Segment } from './segment.ts'

/** Rows of one width: those in segments, and from which row on there are none yet. */
export interface Level {
  /** By rising sequence, so that later ones overlay earlier ones. */
  segments: Segment[]
  /** Rows before this one are in segments; those from it on are made when asked for. Unused for raw points. */
  doneThrough: number | undefined
}

/**
 * All series of one step. A row `r` of width `w` ends at second `r × w × step` and stands for the w steps up to and
 * with that second; for raw points (w = 1) that is the point's own time.
 */
export interface Grid {
  readonly dir: string
  readonly layout: GridLayout
  readonly raw: Level
  /** In the order of `layout.archives`. */
  readonly archives: readonly Level[]
  /** Windows that take points, by number (first row / window rows). */
  readonly open: Map<number, HeadWindow>
  /** Windows being written to segments, oldest first. */
  writing: HeadWindow[]
  /** When the windows that are complete by then are written, in unix seconds. */
  flushAt: number
  /** Places given out so far. */
  places: number
  kinds: PlaceKinds
}

export function createGrid(dir: string, layout: GridLayout): Grid {
  return {
    dir,
    layout,
    raw: { segments: [], doneThrough: undefined },
    archives: layout.archives.map(() => ({ segments: [], doneThrough: undefined })),
    open: new Map(),
    writing: [],
    flushAt: 0,
    places: 0,
    kinds: createPlaceKinds(),
  }
}

/** Notes which series a place has; `undefined` when it was deleted. */
export function setPlace(grid: Grid, place: number, kind: SeriesKind | undefined): void {
  grid.kinds = withKind(grid.kinds, place, kind)
  grid.places = Math.max(grid.places, place + 1)
}

/** Stores one point in memory. `row` is its time divided by the step. */
export function putPoint(
  grid: Grid,
  pool: PagePool,
  place: number,
  row: number,
  value: number,
  walSequence: number,
): void {
  const { windowRows } = grid.layout
  const number = Math.floor(row / windowRows)
  let window = grid.open.get(number)
  if (!window) {
    window = createHeadWindow(number * windowRows, windowRows, walSequence)
    grid.open.set(number, window)
  }
  putInWindow(window, pool, place, row - window.firstRow, value)
}

let segmentValues = new Float64Array(4096)
let segmentColumns = createRows(512)

/** Which sources of raw points a read sees. */
export interface RawSources {
  readonly segments: readonly Segment[]
  readonly windows: readonly HeadWindow[]
}

export function allRaw(grid: Grid): RawSources {
  return { segments: grid.raw.segments, windows: [...grid.writing, ...grid.open.values()] }
}

/** Raw values as they came, rows `first` to `last` inclusive, into the start of `out`. */
export function readRaw(sources: RawSources, place: number, first: number, last: number, out: Float64Array): void {
  out.fill(NaN, 0, last - first + 1)
  for (const segment of sources.segments) {
    const from = Math.max(first, segment.firstRow)
    const to = Math.min(last, segment.firstRow + segment.rows - 1)
    if (from > to) continue
    if (segmentValues.length < segment.rows) segmentValues = new Float64Array(segment.rows)
    if (segment.readValues(place, segmentValues))
      overlayValues(out, from - first, segmentValues, from - segment.firstRow, to - from + 1)
  }
  const pageNumber = Math.floor(place / seriesPerPage)
  for (const window of sources.windows) {
    const from = Math.max(first, window.firstRow)
    const to = Math.min(last, window.firstRow + window.rows - 1)
    const page = from > to ? undefined : window.pages.get(pageNumber)
    if (page)
      overlayValues(
        out,
        from - first,
        page,
        (place % seriesPerPage) * window.rows + from - window.firstRow,
        to - from + 1,
      )
  }
}

/** One-step values: the raw ones of a GAUGE, the rates of a DERIVE. */
export function readSteps(
  grid: Grid,
  place: number,
  kind: SeriesKind,
  first: number,
  last: number,
  out: Float64Array,
): void {
  const sources = allRaw(grid)
  readRaw(sources, place, first, last, out)
  if (kind === 'GAUGE') return
  const { step } = grid.layout
  ratesInPlace(out, last - first + 1, lastBefore(grid, sources, place, first), step, rateReach(step))
}

const nearby = 8
let behind = new Float64Array(2048)

/** The newest raw value before a row, within the reach of a rate, and how many steps before it stands; NaN when there is none. */
function lastBefore(
  grid: Grid,
  sources: RawSources,
  place: number,
  row: number,
): { readonly value: number; readonly gap: number } {
  const reach = Math.min(row, rateReach(grid.layout.step))
  if (behind.length < reach) behind = new Float64Array(reach)
  // Nearly always it is among the last few; only after a silence is the whole reach read.
  for (const span of [Math.min(nearby, reach), reach]) {
    readRaw(sources, place, row - span, row - 1, behind)
    for (let i = span - 1; i >= 0; i--) {
      const value = behind[i] ?? NaN
      if (value === value) return { value, gap: span - i }
    }
  }
  return { value: NaN, gap: 1 }
}

interface TimedValue {
  /** Unix seconds. */
  readonly timestamp: number
  readonly value: number
}

interface LastTwo extends TimedValue {
  readonly previous: TimedValue | undefined
}

/** The newest two points up to and with a row, as they came and no older than a rate may look back. */
export function lastTwo(grid: Grid, place: number, row: number): LastTwo | undefined {
  const { step } = grid.layout
  const sources = allRaw(grid)
  const newest = lastBefore(grid, sources, place, row + 1)
  if (Number.isNaN(newest.value)) return undefined
  const newestRow = row + 1 - newest.gap
  const before = lastBefore(grid, sources, place, newestRow)
  return {
    timestamp: newestRow * step,
    value: newest.value,
    previous: Number.isNaN(before.value)
      ? undefined
      : { timestamp: (newestRow - before.gap) * step, value: before.value },
  }
}

/** Rows of archive `index`, `first` to `last` inclusive, into the start of each column. */
export function readArchive(
  grid: Grid,
  index: number,
  place: number,
  kind: SeriesKind,
  first: number,
  last: number,
  out: RowColumns,
): void {
  const level = grid.archives[index]
  const layout = grid.layout.archives[index]
  if (!level || !layout) throw new RangeError(`Cannot read archive ${index}: there are ${grid.archives.length}`)
  clearRows(out, 0, last - first + 1)
  const done = level.doneThrough ?? first
  if (first < done) readStored(level.segments, place, first, Math.min(last, done - 1), out)
  const from = Math.max(first, done)
  if (from <= last) makeRows(grid, index, place, kind, from, last, out, from - first)
}

/** Rows `first` to `last` as these segments have them; what none of them has is unknown. */
export function readStored(
  segments: readonly Segment[],
  place: number,
  first: number,
  last: number,
  out: RowColumns,
): void {
  clearRows(out, 0, last - first + 1)
  for (const segment of segments) {
    const from = Math.max(first, segment.firstRow)
    const to = Math.min(last, segment.firstRow + segment.rows - 1)
    if (from > to) continue
    if (segmentColumns.average.length < segment.rows) segmentColumns = createRows(segment.rows)
    if (segment.readRows(place, segmentColumns))
      overlayRows(out, from - first, segmentColumns, from - segment.firstRow, to - from + 1)
  }
}

let stepValues = new Float64Array(4096)
const madeRows = new Map<number, RowColumns>()

/** Room for rows of one archive, reused: making rows of an archive never asks for rows of the same one again. */
function scratchRows(index: number, count: number): RowColumns {
  const kept = madeRows.get(index)
  if (kept && kept.average.length >= count) return kept
  const rows = createRows(2 * count)
  madeRows.set(index, rows)
  return rows
}

/**
 * What rows of an archive from `first` on are made from: -1 for raw points, or the index of a finer archive. The usual
 * source unless it does not reach back so far, after archives were changed, and another reaches further.
 */
function sourceFor(grid: Grid, index: number, first: number): number {
  const { archives } = grid.layout
  const { width, source } = archives[index] ?? { width: 1, source: -1 }
  let best = source
  let oldest = oldestStep(grid, source)
  if (oldest <= (first - 1) * width + 1) return source
  for (let other = index - 1; other >= -1; other--) {
    if (width % (archives[other]?.width ?? 1) !== 0) continue
    const reach = oldestStep(grid, other)
    if (reach >= oldest) continue
    best = other
    oldest = reach
  }
  return best
}

/** The step from which on an archive (-1: raw points) has rows or can make them; Infinity when there is nothing. */
function oldestStep(grid: Grid, index: number): number {
  let oldest = Infinity
  if (index < 0) {
    for (const { firstRow } of grid.raw.segments) oldest = Math.min(oldest, firstRow)
    for (const { firstRow } of grid.writing) oldest = Math.min(oldest, firstRow)
    for (const { firstRow } of grid.open.values()) oldest = Math.min(oldest, firstRow)
    return oldest
  }
  const width = grid.layout.archives[index]?.width ?? 1
  for (const { firstRow } of grid.archives[index]?.segments ?? []) oldest = Math.min(oldest, (firstRow - 1) * width + 1)
  return oldest === Infinity ? oldestStep(grid, grid.layout.archives[index]?.source ?? -1) : oldest
}

/** The step from which on rows of an archive can be made from something finer; Infinity when there is nothing. */
export function oldestSourceStep(grid: Grid, index: number): number {
  const source = sourceFor(grid, index, -Infinity)
  return oldestStep(grid, source)
}

/** Makes rows of archive `index` from what it is made from, into `out` at `at`. */
export function makeRows(
  grid: Grid,
  index: number,
  place: number,
  kind: SeriesKind,
  first: number,
  last: number,
  out: RowColumns,
  at: number,
): void {
  const layout = grid.layout.archives[index]
  if (!layout) throw new RangeError(`Cannot make rows of archive ${index}: there are ${grid.archives.length}`)
  const source = sourceFor(grid, index, first)
  const finer = grid.layout.archives[source]
  const ratio = finer ? layout.width / finer.width : layout.width
  const finerFirst = (first - 1) * ratio + 1
  const finerCount = (last - first + 1) * ratio
  if (finer) {
    const rows = scratchRows(source, finerCount)
    readArchive(grid, source, place, kind, finerFirst, last * ratio, rows)
    for (let i = 0; i <= last - first; i++) consolidateRows(rows, i * ratio, ratio, out, at + i)
  } else {
    if (stepValues.length < finerCount) stepValues = new Float64Array(2 * finerCount)
    const values = stepValues
    readSteps(grid, place, kind, finerFirst, last * ratio, values)
    for (let i = 0; i <= last - first; i++) consolidateValues(values, i * ratio, ratio, out, at + i)
  }
}
