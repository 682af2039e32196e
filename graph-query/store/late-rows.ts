import type { Grid } from './grid.ts'
import type { HeadWindow } from './head.ts'
import { rateReach } from './layout.ts'
import type { GridLayout } from './layout.ts'
import { hasValue } from './rows.ts'
import { seriesPerPage } from './segment-format.ts'

/** Rows of one archive, both included. */
export interface RowSpan {
  readonly first: number
  readonly last: number
}

/** Steps, both included, and the windows that have points among them. */
export interface LatePoints {
  readonly firstStep: number
  readonly lastStep: number
  readonly windows: readonly HeadWindow[]
}

/** Those of the windows that reach into archive rows which are stored already. */
export function lateIn(grid: Grid, windows: readonly HeadWindow[]): LatePoints | undefined {
  const stored = Math.max(
    0,
    ...grid.archives.map((level, i) => (level.doneThrough ?? 0) * (grid.layout.archives[i]?.width ?? 1)),
  )
  const late = windows.filter((window) => window.firstRow < stored)
  if (late.length === 0) return undefined
  return {
    firstStep: Math.min(...late.map((window) => window.firstRow)),
    lastStep: Math.max(...late.map((window) => window.firstRow + window.rows - 1)),
    windows: late,
  }
}

/** The places of the series that have points in these windows. */
export function latePlaces(windows: readonly HeadWindow[]): Set<number> {
  const places = new Set<number>()
  for (const window of windows)
    for (const [number, page] of window.pages)
      for (let i = 0; i < seriesPerPage; i++)
        if (hasValue(page, i * window.rows, window.rows)) places.add(number * seriesPerPage + i)
  return places
}

/**
 * The rows of each archive to make anew after late points. A coarse row is made of finer ones that may have been dropped
 * long ago, so the finer rows of a whole coarse row are made anew with it; and none is whose raw points may be gone.
 */
export function lateSpans(layout: GridLayout, late: LatePoints, now: number): RowSpan[] {
  const { step, rawRows, archives } = layout
  const oldestRaw = Math.ceil(now / step) - rawRows
  const spans = archives.map(() => ({ firstStep: late.firstStep, lastStep: late.lastStep + rateReach(step) }))
  for (const [i, span] of [...spans.entries()].toReversed()) {
    const archive = archives[i]
    if (!archive) continue
    const { width } = archive
    span.firstStep =
      (Math.max(Math.ceil(span.firstStep / width), Math.ceil((oldestRaw - 1) / width) + 1) - 1) * width + 1
    span.lastStep = Math.ceil(span.lastStep / width) * width
    const source = spans[archive.source]
    if (!source) continue
    source.firstStep = Math.min(source.firstStep, span.firstStep)
    source.lastStep = Math.max(source.lastStep, span.lastStep)
  }
  return spans.map(({ firstStep, lastStep }, i) => {
    const width = archives[i]?.width ?? 1
    return { first: Math.ceil(firstStep / width), last: lastStep / width }
  })
}
