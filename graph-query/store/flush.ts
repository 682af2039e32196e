import { dirname } from 'node:path'
import { makeRows, readRaw, readStored } from './grid.ts'
import type { Grid, Level } from './grid.ts'
import type { HeadWindow, PagePool } from './head.ts'
import type { RowSpan } from './late-rows.ts'
import type { Pacer } from './pacer.ts'
import type { SeriesRecord } from './registry.ts'
import { assertUnknown, createRows, hasValue } from './rows.ts'
import type { RowColumns } from './rows.ts'
import { seriesPerPage } from './segment-format.ts'
import type { SegmentSpan } from './segment-format.ts'
import { createSegmentWriter, syncFolder } from './segment-writer.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { Segment } from './segment.ts'

/** What turning memory into segments, and segments into larger or coarser ones, needs. */
export interface Workshop {
  readonly pool: PagePool
  readonly pace: Pacer
  nextSequence(): number
  open(path: string): Segment
  /** Closes a segment that is no longer read and removes its file. */
  discard(segment: Segment): Promise<void>
  /** The living series of a place; undefined when it was deleted. */
  seriesAt(grid: Grid, place: number): SeriesRecord | undefined
}

/** Writes one frozen window to a segment and lets its memory go. The window is readable throughout. */
export async function writeWindow(shop: Workshop, grid: Grid, window: HeadWindow): Promise<void> {
  const segment = await writeSegment(
    shop,
    grid,
    { width: 1, firstRow: window.firstRow, rows: window.rows, walSequence: window.frozenBelow ?? 0 },
    async (writer) => {
      for (const number of [...window.pages.keys()].toSorted((a, b) => a - b)) {
        const page = window.pages.get(number)
        if (page) addPage(writer, page, number * seriesPerPage, window.rows)
        await writer.drain()
        await shop.pace()
      }
    },
  )
  grid.raw.segments = [...grid.raw.segments, segment].toSorted((a, b) => a.sequence - b.sequence)
  grid.writing = grid.writing.filter((other) => other !== window)
  for (const page of window.pages.values()) shop.pool.give(page)
}

function addPage(writer: SegmentWriter, page: Float64Array, firstPlace: number, rows: number): void {
  for (let i = 0; i < seriesPerPage; i++)
    if (hasValue(page, i * rows, rows)) writer.addValues(firstPlace + i, page, i * rows)
}

/** Merges all raw segments that lie within `[firstRow, firstRow + rows)` into one. */
export async function mergeRaw(shop: Workshop, grid: Grid, firstRow: number, rows: number): Promise<void> {
  const inputs = grid.raw.segments.filter((segment) => liesWithin(segment, firstRow, rows))
  const values = new Float64Array(rows)
  // Zero: it says nothing about what the log holds for the rows that no input had.
  const span = { width: 1, firstRow, rows, walSequence: 0 }
  const merged = await writeSegment(shop, grid, span, (writer) =>
    forEachPlace(shop, grid, inputs, writer, (place) => {
      readRaw({ segments: inputs, windows: [] }, place, firstRow, firstRow + rows - 1, values)
      if (hasValue(values, 0, rows)) writer.addValues(place, values, 0)
    }),
  )
  await replace(shop, grid.raw, inputs, merged)
}

/** Merges all segments of an archive that lie within `[firstRow, firstRow + rows)` into one. */
export async function mergeArchive(
  shop: Workshop,
  grid: Grid,
  index: number,
  firstRow: number,
  rows: number,
): Promise<void> {
  const { level, width } = archiveAt(grid, index)
  const inputs = level.segments.filter((segment) => liesWithin(segment, firstRow, rows))
  const columns = createRows(rows)
  const merged = await writeSegment(shop, grid, { width, firstRow, rows, walSequence: 0 }, (writer) =>
    forEachPlace(shop, grid, inputs, writer, (place) => {
      readStored(inputs, place, firstRow, firstRow + rows - 1, columns)
      if (hasValue(columns.count, 0, rows)) writer.addRows(place, columns)
    }),
  )
  await replace(shop, level, inputs, merged)
}

/** Makes and stores rows of an archive from `from` up to before `to`, which from then on are read and not made. */
export async function extendArchive(
  shop: Workshop,
  grid: Grid,
  index: number,
  from: number,
  to: number,
): Promise<void> {
  const { level } = archiveAt(grid, index)
  const segment = await writeMadeRows(shop, grid, index, from, to - 1, undefined)
  level.segments = [...level.segments, segment]
  level.doneThrough = to
}

/** Rows of an archive that are stored already, made anew for the series that got late points. */
export async function patchArchive(
  shop: Workshop,
  grid: Grid,
  index: number,
  span: RowSpan,
  places: ReadonlySet<number>,
): Promise<void> {
  const { level, segmentRows } = archiveAt(grid, index)
  if (level.doneThrough === undefined) return
  const last = Math.min(span.last, level.doneThrough - 1)
  // One segment per span of a regular one, so that they can be merged.
  for (let first = span.first; first <= last;) {
    const next = (Math.floor(first / segmentRows) + 1) * segmentRows
    const segment = await writeMadeRows(shop, grid, index, first, Math.min(last, next - 1), places)
    level.segments = [...level.segments, segment]
    first = next
  }
}

async function writeMadeRows(
  shop: Workshop,
  grid: Grid,
  index: number,
  firstRow: number,
  lastRow: number,
  only: ReadonlySet<number> | undefined,
): Promise<Segment> {
  const { width, source } = archiveAt(grid, index)
  const rows = lastRow - firstRow + 1
  const columns: RowColumns = createRows(rows)
  const finer = source < 0 ? grid.raw : grid.archives[source]
  const finerWidth = grid.layout.archives[source]?.width ?? 1
  const ratio = width / finerWidth
  const sources = (finer?.segments ?? []).filter(
    (segment) => segment.firstRow <= lastRow * ratio && segment.firstRow + segment.rows > (firstRow - 1) * ratio,
  )
  return writeSegment(shop, grid, { width, firstRow, rows, walSequence: 0 }, (writer) =>
    forEachPlace(shop, grid, sources, writer, (place, series) => {
      if (only && !only.has(place)) return
      makeRows(grid, index, place, series.kind, firstRow, lastRow, columns, 0)
      // A late point can make a rate a reset: then the row that is stored must go.
      if (only) assertUnknown(columns, rows)
      if (hasValue(columns.count, 0, rows)) writer.addRows(place, columns)
    }),
  )
}

/** Calls `visit` for every living series in order, with the pages of `sources` loaded one after another. */
async function forEachPlace(
  shop: Workshop,
  grid: Grid,
  sources: readonly Segment[],
  writer: SegmentWriter,
  visit: (place: number, series: SeriesRecord) => void,
): Promise<void> {
  try {
    for (let place = 0; place < grid.places; place++) {
      if (place % seriesPerPage === 0) for (const segment of sources) segment.preload(place / seriesPerPage)
      const series = shop.seriesAt(grid, place)
      if (series) visit(place, series)
      if (place % 16 === 15) {
        await writer.drain()
        await shop.pace()
      }
    }
  } finally {
    for (const segment of sources) segment.release()
  }
}

async function writeSegment(
  shop: Workshop,
  grid: Grid,
  span: Omit<SegmentSpan, 'sequence'>,
  fill: (writer: SegmentWriter) => Promise<void>,
): Promise<Segment> {
  const writer = await createSegmentWriter(grid.dir, { ...span, sequence: shop.nextSequence() })
  try {
    await fill(writer)
    return shop.open(await writer.finish())
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

async function replace(shop: Workshop, level: Level, inputs: readonly Segment[], merged: Segment): Promise<void> {
  level.segments = [...level.segments.filter((segment) => !inputs.includes(segment)), merged]
  await syncFolder(dirname(merged.path))
  for (const segment of inputs) await shop.discard(segment)
}

function archiveAt(grid: Grid, index: number) {
  const level = grid.archives[index]
  const layout = grid.layout.archives[index]
  if (!level || !layout) throw new RangeError(`Cannot use archive ${index}: there are ${grid.archives.length}`)
  return { level, ...layout }
}

export function liesWithin(segment: Segment, firstRow: number, rows: number): boolean {
  return segment.firstRow >= firstRow && segment.firstRow + segment.rows <= firstRow + rows
}
