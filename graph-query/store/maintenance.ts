import { addArchiveRows, liesWithin, mergeWithin, patchArchive, writeWindows } from './flush.ts'
import type { Workshop } from './flush.ts'
import { oldestSourceStep } from './grid.ts'
import type { Grid, Level } from './grid.ts'
import type { HeadWindow } from './head.ts'
import { lateIn, lateSpans } from './late-rows.ts'
import { syncFolder } from './segment-writer.ts'

/** Seconds after its end that a window waits for stragglers before it is written. */
const graceSeconds = 120
/** Segments of windows that are written at the same time: most of it is waiting for the disk. */
const writtenTogether = 8
/** Small segments beside a merged one before they are merged into it. */
const mostBeside = 8
/** Small segments in one merged span before they are merged although more will come. */
const mostSmall = 96

/** Windows to write now: those that are complete, and those that hold back the log or fill the memory. */
export function windowsDue(
  grid: Grid,
  now: number,
  pressure: { readonly memory: boolean; isOld(walSequence: number): boolean },
): HeadWindow[] {
  const { step } = grid.layout
  const isComplete = (window: HeadWindow) => (window.firstRow + window.rows) * step + graceSeconds <= now
  const open = [...grid.open.values()]
  if (pressure.memory) {
    const complete = open.filter(isComplete)
    return complete.length > 0 ? complete : open
  }
  const timeHasCome = now >= grid.flushAt
  return open.filter((window) => (timeHasCome && isComplete(window)) || pressure.isOld(window.walSequence))
}

/** When the windows of a grid are due next: once the present one is complete. */
export function nextFlush(grid: Grid, now: number): number {
  const { step, windowRows } = grid.layout
  const windowSeconds = windowRows * step
  const next = (Math.floor((now - graceSeconds) / windowSeconds) + 1) * windowSeconds
  return next + graceSeconds
}

/** Writes all frozen windows, oldest first. Rows of archives that they change come before them. */
export async function writeFrozen(shop: Workshop, grid: Grid, now: number): Promise<void> {
  const late = lateIn(grid, grid.writing)
  if (late)
    for (const [i, span] of lateSpans(grid.layout, late, now).entries())
      await patchArchive(shop, grid, i, span, late.windows)
  while (grid.writing.length > 0) {
    const runs = distinctRuns(grid)
    const outcomes = await Promise.allSettled(runs.map((run) => writeWindows(shop, grid, run)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
  await syncFolder(grid.dir)
}

/**
 * Some of the windows to write, those that belong into one segment together: they follow each other in one medium span
 * and were frozen at the same time. None of all has the rows of another, so that their order does not matter.
 */
function distinctRuns(grid: Grid): HeadWindow[][] {
  const spanOf = (window: HeadWindow) => Math.floor(window.firstRow / grid.layout.mergedRows[0])
  const firstRows = new Set<number>()
  const runs: HeadWindow[][] = []
  for (const window of grid.writing) {
    if (firstRows.has(window.firstRow)) break
    firstRows.add(window.firstRow)
    const run = runs.at(-1)
    const before = run?.at(-1)
    const follows = before && before.firstRow + before.rows === window.firstRow && spanOf(before) === spanOf(window)
    if (follows && before.frozenBelow === window.frozenBelow) run?.push(window)
    else if (runs.length === writtenTogether) break
    else runs.push([window])
  }
  return runs
}

/** Merges small raw segments, then makes archive rows, then merges what late points left beside them. */
export async function consolidate(shop: Workshop, grid: Grid, now: number, lateSeconds: number): Promise<void> {
  const [medium, large] = grid.layout.mergedRows
  // Windows of a span that is being written to are there soon after its end; a day waits for what is late.
  await mergeRaw(shop, grid, medium, 2 * graceSeconds, now)
  await mergeRaw(shop, grid, large, Math.max(2 * graceSeconds, lateSeconds), now)
  for (let i = 0; i < grid.archives.length; i++) await consolidateArchive(shop, grid, i, now, lateSeconds)
}

/** Merges the raw segments of each span of `rows` that is complete, or that has got too many of them. */
async function mergeRaw(shop: Workshop, grid: Grid, rows: number, waitSeconds: number, now: number): Promise<void> {
  for (const first of spansOf(grid.raw, rows)) {
    const complete = (first + rows) * grid.layout.step + waitSeconds <= now
    const within = grid.raw.segments.filter((segment) => liesWithin(segment, first, rows))
    const merged = within.some((segment) => segment.rows === rows)
    const most = merged ? mostBeside : complete ? 1 : mostSmall
    if (within.length > most) await mergeWithin(shop, grid, grid.raw, 1, first, rows)
  }
}

async function consolidateArchive(
  shop: Workshop,
  grid: Grid,
  index: number,
  now: number,
  lateSeconds: number,
): Promise<void> {
  const level = grid.archives[index]
  const layout = grid.layout.archives[index]
  if (!level || !layout) return
  const rowSeconds = layout.width * grid.layout.step
  if (!layout.retired) await fillBehind(shop, grid, index, now)
  while (level.doneThrough !== undefined && !layout.retired) {
    const to: number = (Math.floor(level.doneThrough / layout.segmentRows) + 1) * layout.segmentRows
    if ((to - 1) * rowSeconds + lateSeconds > now) break
    await addArchiveRows(shop, grid, index, level.doneThrough, to)
    level.doneThrough = to
  }
  for (const first of spansOf(level, layout.segmentRows)) {
    const within = level.segments.filter((segment) => liesWithin(segment, first, layout.segmentRows))
    if (within.length > mostBeside) await mergeWithin(shop, grid, level, layout.width, first, layout.segmentRows)
  }
}

/** The first rows of the spans of `rows` rows that segments begin in. */
function spansOf(level: Level, rows: number): number[] {
  return [...new Set(level.segments.map((segment) => Math.floor(segment.firstRow / rows) * rows))]
}

/**
 * Where an archive is new, or is kept longer than before, its older rows are made from what is stored: as far back as
 * that reaches and they are wanted.
 */
async function fillBehind(shop: Workshop, grid: Grid, index: number, now: number): Promise<void> {
  const level = grid.archives[index]
  const layout = grid.layout.archives[index]
  const begin = oldestRow(grid, index)
  if (!level || !layout || begin === undefined) return
  if (level.doneThrough === undefined) {
    // Also rows older than are kept: coarser archives may still have to be made from them, before they are dropped.
    level.doneThrough = begin
    return
  }
  const oldestKept = Math.floor(now / grid.layout.step / layout.width) - layout.rows
  const first = Math.max(begin, oldestKept)
  const oldest = level.segments.reduce((row, segment) => Math.min(row, segment.firstRow), level.doneThrough)
  for (let row = first; row < oldest;) {
    const next = Math.min(oldest, (Math.floor(row / layout.segmentRows) + 1) * layout.segmentRows)
    await addArchiveRows(shop, grid, index, row, next)
    row = next
  }
}

/** The oldest row of an archive that can be made from what is stored. */
function oldestRow(grid: Grid, index: number): number | undefined {
  const layout = grid.layout.archives[index]
  const oldest = oldestSourceStep(grid, index)
  return !layout || oldest === Infinity ? undefined : Math.ceil(oldest / layout.width)
}

/** Drops the segments that are older than what is answered. */
export async function dropExpired(shop: Workshop, grid: Grid, now: number): Promise<void> {
  const { step, rawRows, archives } = grid.layout
  await dropFrom(shop, grid.raw, step, rawRows, now)
  for (const [i, level] of grid.archives.entries()) {
    const layout = archives[i]
    if (layout) await dropFrom(shop, level, step * layout.width, layout.rows, now)
  }
}

async function dropFrom(shop: Workshop, level: Level, rowSeconds: number, rows: number, now: number): Promise<void> {
  const limit = now - rows * rowSeconds - retentionSlack(rowSeconds)
  const expired = level.segments.filter((segment) => (segment.firstRow + segment.rows) * rowSeconds < limit)
  if (expired.length === 0) return
  level.segments = level.segments.filter((segment) => !expired.includes(segment))
  for (const segment of expired) await shop.discard(segment)
}

/**
 * Rows are kept and answered a little longer than configured, so that a chart over exactly the configured span gets
 * the same resolution each time it is refreshed.
 */
export function retentionSlack(rowSeconds: number): number {
  return Math.max(3600, 2 * rowSeconds)
}
