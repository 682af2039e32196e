import { dirname } from 'node:path'
import type { Grid, Level } from './grid.ts'
import type { HeadWindow, PagePool } from './head.ts'
import { rateReach } from './layout.ts'
import type { RowSpan } from './late-rows.ts'
import type { SegmentSpan } from './segment-format.ts'
import type { GridView, SegmentJob } from './segment-job.ts'
import type { SegmentMaker } from './segment-thread.ts'
import { syncFolder } from './segment-writer.ts'
import type { Segment } from './segment.ts'

/** What turning memory into segments, and segments into larger or coarser ones, needs. */
export interface Workshop {
  readonly pool: PagePool
  readonly maker: SegmentMaker
  nextSequence(): number
  open(path: string): Segment
  /** Closes a segment that is no longer read and removes its file. */
  discard(segment: Segment): Promise<void>
}

/**
 * Writes frozen windows that follow each other, and were frozen together, to one segment and lets their memory go.
 * They are readable throughout.
 */
export async function writeWindows(shop: Workshop, grid: Grid, windows: readonly HeadWindow[]): Promise<void> {
  const firstRow = windows[0]?.firstRow ?? 0
  const rows = windows.reduce((sum, window) => sum + window.rows, 0)
  const span = { width: 1, firstRow, rows, walSequence: windows[0]?.frozenBelow ?? 0 }
  const segment = await makeSegment(shop, grid, span, { what: 'windows', windows })
  grid.raw.segments = [...grid.raw.segments, segment].toSorted((a, b) => a.sequence - b.sequence)
  grid.writing = grid.writing.filter((other) => !windows.includes(other))
  for (const window of windows) for (const page of window.pages.values()) shop.pool.give(page)
}

/** Merges all segments of a level that lie within `[firstRow, firstRow + rows)` into one. */
export async function mergeWithin(
  shop: Workshop,
  grid: Grid,
  level: Level,
  width: number,
  firstRow: number,
  rows: number,
): Promise<void> {
  const inputs = level.segments.filter((segment) => liesWithin(segment, firstRow, rows))
  // Zero: it says nothing about what the log holds for the rows that no input had.
  const span = { width, firstRow, rows, walSequence: 0 }
  const merged = await makeSegment(shop, grid, span, { what: 'merge', inputs: pathsOf(inputs), kinds: grid.kinds })
  level.segments = [...level.segments.filter((segment) => !inputs.includes(segment)), merged]
  await syncFolder(dirname(merged.path))
  for (const segment of inputs) await shop.discard(segment)
}

/** Makes and stores rows of an archive from `from` up to before `to`. */
export async function addArchiveRows(
  shop: Workshop,
  grid: Grid,
  index: number,
  from: number,
  to: number,
): Promise<void> {
  const { level } = archiveAt(grid, index)
  const segment = await makeArchiveRows(shop, grid, index, from, to - 1, undefined)
  level.segments = [...level.segments, segment]
}

/** Rows of an archive that are stored already, made anew for the series that have points in these windows. */
export async function patchArchive(
  shop: Workshop,
  grid: Grid,
  index: number,
  span: RowSpan,
  lateWindows: readonly HeadWindow[],
): Promise<void> {
  const { level, segmentRows } = archiveAt(grid, index)
  if (level.doneThrough === undefined) return
  const last = Math.min(span.last, level.doneThrough - 1)
  // One segment per span of a regular one, so that they can be merged.
  for (let first = span.first; first <= last;) {
    const next = (Math.floor(first / segmentRows) + 1) * segmentRows
    const segment = await makeArchiveRows(shop, grid, index, first, Math.min(last, next - 1), lateWindows)
    level.segments = [...level.segments, segment]
    first = next
  }
}

async function makeArchiveRows(
  shop: Workshop,
  grid: Grid,
  index: number,
  firstRow: number,
  lastRow: number,
  lateWindows: readonly HeadWindow[] | undefined,
): Promise<Segment> {
  const { width } = archiveAt(grid, index)
  const span = { width, firstRow, rows: lastRow - firstRow + 1, walSequence: 0 }
  const view = viewOf(grid, index, (firstRow - 1) * width + 1, lastRow * width)
  return makeSegment(shop, grid, span, { what: 'rows', index, view, lateWindows })
}

/** What making rows of one archive for these steps may read: finer levels and memory. */
function viewOf(grid: Grid, index: number, firstStep: number, lastStep: number): GridView {
  const { layout } = grid
  const from = firstStep - rateReach(layout.step)
  const overlaps = ({ firstRow, rows }: { firstRow: number; rows: number }, width: number) =>
    firstRow * width <= lastStep + width && (firstRow + rows - 1) * width >= from
  return {
    layout,
    kinds: grid.kinds,
    raw: pathsOf(grid.raw.segments.filter((segment) => overlaps(segment, 1))),
    archives: grid.archives.map(({ segments, doneThrough }, i) => {
      const width = layout.archives[i]?.width ?? 1
      const finer = i < index ? segments.filter((segment) => overlaps(segment, width)) : []
      return { segments: pathsOf(finer), doneThrough }
    }),
    windows: [...grid.writing, ...grid.open.values()].filter((window) => overlaps(window, 1)),
  }
}

async function makeSegment(
  shop: Workshop,
  grid: Grid,
  span: Omit<SegmentSpan, 'sequence'>,
  task: SegmentJob['task'],
): Promise<Segment> {
  const sequence = shop.nextSequence()
  return shop.open(await shop.maker.make({ dir: grid.dir, span: { ...span, sequence }, task }))
}

function archiveAt(grid: Grid, index: number) {
  const level = grid.archives[index]
  const layout = grid.layout.archives[index]
  if (!level || !layout) throw new RangeError(`Cannot use archive ${index}: there are ${grid.archives.length}`)
  return { level, ...layout }
}

function pathsOf(segments: readonly Segment[]): string[] {
  return segments.map((segment) => segment.path)
}

export function liesWithin(segment: Segment, firstRow: number, rows: number): boolean {
  return segment.firstRow >= firstRow && segment.firstRow + segment.rows <= firstRow + rows
}
