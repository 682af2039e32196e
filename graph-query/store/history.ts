import { readArchive, readSteps } from './grid.ts'
import type { Grid } from './grid.ts'
import { retentionSlack } from './maintenance.ts'
import type { SeriesRecord } from './series-record.ts'
import { columnOf, createRows } from './rows.ts'
import type { Consolidation } from './rows.ts'

/** Points of one series, evenly spaced; NaN where nothing is known. */
export interface Points {
  /** Unix seconds of the first point. */
  readonly first: number
  /** Seconds from point to point. */
  readonly interval: number
  readonly values: Float64Array
  /** Of coarser rows: how many known one-step values each stands for, NaN where none is known. */
  readonly counts?: Float64Array
}

export interface PointsRequest {
  readonly consolidation: Consolidation
  /** Unix seconds; the points lie in [start, end], and there are none unless start < end. */
  readonly start: number
  readonly end: number
  /** Steps a row stands for, when the caller wants a certain archive; must be a configured one. */
  readonly width?: number
  /** Coarser rows are taken when finer ones would be more than this. */
  readonly mostPoints: number
}

interface Choice {
  readonly width: number
  readonly rows: number
}

/**
 * Steps that the rows of an answer stand for: the finest archive that reaches back to `start` and keeps within
 * `mostPoints`, otherwise the coarsest.
 */
export function widthFor(grid: Pick<Grid, 'layout'>, request: PointsRequest, now: number): number {
  if (request.width !== undefined) return request.width
  const { step, rawRows, archives } = grid.layout
  const span = request.end - request.start
  const choices = [{ width: 1, rows: rawRows }, ...archives.filter((archive) => !archive.retired)]
  const reaches = ({ width, rows }: Choice) => request.start >= now - rows * width * step - retentionSlack(width * step)
  // The same for every window of this length, wherever its ends lie between two rows.
  const fits = ({ width }: Choice) => Math.floor(span / (width * step)) + 1 <= request.mostPoints
  const fitting = choices.find((choice) => reaches(choice) && fits(choice))
  if (fitting) return fitting.width
  // Rows of archives of the past, where those of today do not reach.
  const retired = archives.find((archive) => archive.retired && reaches(archive) && fits(archive))
  return (!choices.some(reaches) && retired ? retired : choices.at(-1))?.width ?? 1
}

/**
 * Reads the points of one series. The same request gives the same times whatever else is stored. Rows after the
 * series' last point are unknown.
 * @throws RangeError when that would be more than `mostPoints`, or when no archive has the wanted width
 */
export function readPoints(
  grid: Grid,
  series: SeriesRecord,
  lastTime: number,
  request: PointsRequest,
  now: number,
): Points {
  const width = widthFor(grid, request, now)
  const interval = width * grid.layout.step
  const firstRow = Math.max(1, Math.ceil(request.start / interval))
  // Falcon: an empty range has no points, also when it begins and ends on one.
  const rows = request.start < request.end ? Math.max(0, Math.floor(request.end / interval) - firstRow + 1) : 0
  if (rows > request.mostPoints)
    throw new RangeError(`Cannot answer ${rows} points of one series: at most ${request.mostPoints} are allowed here`)
  const values = new Float64Array(rows).fill(NaN)
  const counts = width === 1 ? undefined : new Float64Array(rows).fill(NaN)
  // Nothing is older than what is kept, nothing newer than the last point: those rows need no reading.
  const oldest = Math.max(firstRow, Math.floor(oldestKept(grid, width, now) / interval))
  const newest = Math.min(firstRow + rows - 1, Math.ceil(lastTime / interval))
  if (oldest <= newest) {
    const read = readRows(grid, series, width, oldest, newest, request.consolidation)
    values.set(read.values.subarray(0, newest - oldest + 1), oldest - firstRow)
    if (read.counts) counts?.set(read.counts.subarray(0, newest - oldest + 1), oldest - firstRow)
  }
  return { first: firstRow * interval, interval, values, ...(counts && { counts }) }
}

function readRows(
  grid: Grid,
  series: SeriesRecord,
  width: number,
  first: number,
  last: number,
  consolidation: Consolidation,
): Pick<Points, 'values' | 'counts'> {
  if (width === 1) {
    const values = new Float64Array(last - first + 1)
    readSteps(grid, series.place, series.kind, first, last, values)
    return { values }
  }
  const index = grid.layout.archives.findIndex((archive) => archive.width === width)
  if (index < 0) throw new RangeError(`Cannot answer rows of ${width} steps: no archive has them`)
  const columns = createRows(last - first + 1)
  readArchive(grid, index, series.place, series.kind, first, last, columns)
  return { values: columnOf(columns, consolidation), counts: columns.count }
}

/** Rows from before this second are not answered. */
export function oldestKept(grid: Pick<Grid, 'layout'>, width: number, now: number): number {
  const { step, rawRows, archives } = grid.layout
  const rows = width === 1 ? rawRows : (archives.find((archive) => archive.width === width)?.rows ?? rawRows)
  // A segment is dropped as a whole, so it may begin a good deal before this.
  return now - 2 * rows * width * step - retentionSlack(width * step)
}
