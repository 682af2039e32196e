import { createGrid, makeRows, readRaw, readStored } from './grid.ts'
import type { Grid } from './grid.ts'
import type { HeadWindow } from './head.ts'
import { latePlaces } from './late-rows.ts'
import type { GridLayout } from './layout.ts'
import { kindOf } from './place-kinds.ts'
import type { PlaceKinds } from './place-kinds.ts'
import { assertUnknown, createRows, hasValue } from './rows.ts'
import { seriesPerPage } from './segment-format.ts'
import type { SegmentSpan } from './segment-format.ts'
import { createSegmentWriter } from './segment-writer.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { Segment } from './segment.ts'

/**
 * One segment to be written, described by data alone, so that another thread can do it: files by their paths, memory
 * by arrays that threads share.
 */
export interface SegmentJob {
  readonly dir: string
  readonly span: SegmentSpan
  readonly task: WindowsTask | MergeTask | RowsTask
}

/** The raw points of frozen windows that follow each other. */
interface WindowsTask {
  readonly what: 'windows'
  readonly windows: readonly HeadWindow[]
}

/** What older segments say about the span; deleted series are left out. `inputs` are paths by rising sequence. */
interface MergeTask {
  readonly what: 'merge'
  readonly inputs: readonly string[]
  readonly kinds: PlaceKinds
}

/** Rows of an archive, made from finer ones. */
interface RowsTask {
  readonly what: 'rows'
  readonly index: number
  readonly view: GridView
  /** Only series with points in these windows, and with them what is stored is overruled even where nothing is known. */
  readonly lateWindows: readonly HeadWindow[] | undefined
}

/** As much of a grid as making some rows reads. */
export interface GridView {
  readonly layout: GridLayout
  readonly kinds: PlaceKinds
  readonly raw: readonly string[]
  readonly archives: readonly { readonly segments: readonly string[]; readonly doneThrough: number | undefined }[]
  /** In the order in which they overlay each other. */
  readonly windows: readonly HeadWindow[]
}

/** Does a job; the finished segment's path. On failure nothing of it is left but a file that the next start removes. */
export async function runSegmentJob(job: SegmentJob, open: (path: string) => Segment): Promise<string> {
  const opened: Segment[] = []
  const openAll = (paths: readonly string[]) =>
    paths.map((path) => {
      const segment = open(path)
      opened.push(segment)
      return segment
    })
  const writer = await createSegmentWriter(job.dir, job.span)
  try {
    await fill(writer, job, openAll)
    return await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  } finally {
    for (const segment of opened) segment.close()
  }
}

async function fill(
  writer: SegmentWriter,
  { dir, span, task }: SegmentJob,
  openAll: (paths: readonly string[]) => Segment[],
): Promise<void> {
  if (task.what === 'windows') await writePages(writer, span, task.windows)
  else if (task.what === 'rows') await writeMadeRows(writer, span, task, gridFrom(dir, task.view, openAll))
  else if (span.width === 1) await mergeValues(writer, span, openAll(task.inputs), task.kinds)
  else await mergeRows(writer, span, openAll(task.inputs), task.kinds)
}

async function writePages(writer: SegmentWriter, span: SegmentSpan, windows: readonly HeadWindow[]): Promise<void> {
  const values = new Float64Array(span.rows).fill(NaN)
  for (const number of pageNumbers([], windows)) {
    for (let i = 0; i < seriesPerPage; i++) {
      for (const { firstRow, rows, pages } of windows) {
        const page = pages.get(number)
        const at = firstRow - span.firstRow
        if (page) for (let row = 0; row < rows; row++) values[at + row] = page[i * rows + row] ?? NaN
        else values.fill(NaN, at, at + rows)
      }
      if (hasValue(values, 0, span.rows)) writer.addValues(number * seriesPerPage + i, values, 0)
    }
    await writer.drain()
  }
}

async function mergeValues(
  writer: SegmentWriter,
  { firstRow, rows }: SegmentSpan,
  inputs: readonly Segment[],
  kinds: PlaceKinds,
): Promise<void> {
  const values = new Float64Array(rows)
  await forEachPlace(writer, kinds, inputs, [], (place) => {
    readRaw({ segments: inputs, windows: [] }, place, firstRow, firstRow + rows - 1, values)
    if (hasValue(values, 0, rows)) writer.addValues(place, values, 0)
  })
}

async function mergeRows(
  writer: SegmentWriter,
  { firstRow, rows }: SegmentSpan,
  inputs: readonly Segment[],
  kinds: PlaceKinds,
): Promise<void> {
  const columns = createRows(rows)
  await forEachPlace(writer, kinds, inputs, [], (place) => {
    readStored(inputs, place, firstRow, firstRow + rows - 1, columns)
    if (hasValue(columns.count, 0, rows)) writer.addRows(place, columns)
  })
}

async function writeMadeRows(
  writer: SegmentWriter,
  { firstRow, rows }: SegmentSpan,
  { index, view, lateWindows }: RowsTask,
  grid: Grid,
): Promise<void> {
  const only = lateWindows && latePlaces(lateWindows)
  const columns = createRows(rows)
  const sources = [...grid.raw.segments, ...grid.archives.flatMap((level) => level.segments)]
  await forEachPlace(writer, view.kinds, sources, view.windows, (place) => {
    const kind = kindOf(view.kinds, place)
    if (!kind || (only && !only.has(place))) return
    makeRows(grid, index, place, kind, firstRow, firstRow + rows - 1, columns, 0)
    // A late point can make a rate a reset: then the row that is stored must go.
    if (only) assertUnknown(columns, rows)
    if (hasValue(columns.count, 0, rows)) writer.addRows(place, columns)
  })
}

function gridFrom(dir: string, view: GridView, openAll: (paths: readonly string[]) => Segment[]): Grid {
  const grid = createGrid(dir, view.layout)
  grid.raw.segments = openAll(view.raw)
  for (const [i, level] of grid.archives.entries()) {
    level.segments = openAll(view.archives[i]?.segments ?? [])
    level.doneThrough = view.archives[i]?.doneThrough
  }
  grid.writing = [...view.windows]
  return grid
}

/** Calls `visit` for every living series of the sources in order, with their pages loaded one after another. */
async function forEachPlace(
  writer: SegmentWriter,
  kinds: PlaceKinds,
  segments: readonly Segment[],
  windows: readonly HeadWindow[],
  visit: (place: number) => void,
): Promise<void> {
  for (const number of pageNumbers(segments, windows)) {
    for (const segment of segments) segment.preload(number)
    for (let place = number * seriesPerPage; place < (number + 1) * seriesPerPage; place++)
      if (kindOf(kinds, place)) visit(place)
    await writer.drain()
  }
}

function pageNumbers(segments: readonly Segment[], windows: readonly HeadWindow[]): number[] {
  const numbers = new Set<number>()
  for (const { pages } of segments) for (const number of pages) numbers.add(number)
  for (const { pages } of windows) for (const number of pages.keys()) numbers.add(number)
  return [...numbers].toSorted((a, b) => a - b)
}
