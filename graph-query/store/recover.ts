import { mkdirSync, readdirSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockReport } from './block-log.ts'
import type { Catalog } from './catalog.ts'
import { createGrid, putPoint, readRaw } from './grid.ts'
import type { Grid, Level } from './grid.ts'
import type { PagePool } from './head.ts'
import { layoutOf } from './layout.ts'
import type { ArchiveSetting } from './layout.ts'
import type { LastPoints } from './last-points.ts'
import type { SeriesRecord } from './series-record.ts'
import { isSegmentName } from './segment-format.ts'
import { openSegment } from './segment.ts'
import type { OnDamage, Segment } from './segment.ts'
import { createEndCheck, replayWal, walSequences } from './wal.ts'

/** What of the configuration shapes a grid. */
export interface StoreSettings {
  readonly archives: readonly ArchiveSetting[]
  /** Every archive whose rows may be stored, configured or not. */
  readonly knownArchives: readonly ArchiveSetting[]
  readonly rawRetentionSeconds: number
}

/** Opens the folder of one step: what was left half-written goes, what is damaged is put aside. */
export function openGrid(
  dir: string,
  step: number,
  settings: StoreSettings,
  onDamage: OnDamage,
): { grid: Grid; highestSequence: number } {
  const folder = join(dir, `step-${step}`)
  mkdirSync(folder, { recursive: true })
  let highestSequence = 0
  const segments: Segment[] = []
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (name.endsWith('.tmp')) unlinkSync(path)
    const sequence = Number(/-(\d+)\.seg/.exec(name)?.[1] ?? 0)
    highestSequence = Math.max(highestSequence, sequence)
    if (!isSegmentName(name)) continue
    try {
      segments.push(openSegment(path, onDamage))
    } catch (error) {
      // Too many open files, no permission, …: nothing is wrong with the file itself.
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error
      onDamage(path, (error as Error).message)
      renameSync(path, `${path}.damaged`)
    }
  }
  segments.sort((a, b) => a.sequence - b.sequence)
  const retired = retiredIn(segments, settings)
  const grid = createGrid(folder, layoutOf(step, settings.archives, settings.rawRetentionSeconds, retired))
  // Also when the list of series is damaged: nobody may get a place under which there are points of another.
  grid.places = segments.reduce((places, segment) => Math.max(places, segment.end), 0)
  grid.raw.segments = segments.filter((segment) => segment.width === 1)
  for (const [i, level] of grid.archives.entries()) {
    level.segments = segments.filter((segment) => segment.width === grid.layout.archives[i]?.width)
    level.doneThrough = endOf(level)
  }
  return { grid, highestSequence }
}

/** Archives of which there are rows although they are no longer configured. */
function retiredIn(segments: readonly Segment[], { archives, knownArchives }: StoreSettings): ArchiveSetting[] {
  const configured = new Set([1, ...archives.map((archive) => archive.steps)])
  const furthest = Math.max(...archives.map(({ steps, rows }) => steps * rows))
  return [...new Set(segments.map((segment) => segment.width))].flatMap((steps) => {
    if (configured.has(steps)) return []
    const known = knownArchives.find((archive) => archive.steps === steps)
    return [known ?? { steps, rows: Math.ceil(furthest / steps) }]
  })
}

/** The steps that have a folder. */
export function stepsIn(dir: string): number[] {
  return readdirSync(dir).flatMap((name) => {
    const step = /^step-(\d+)$/.exec(name)?.[1]
    return step === undefined ? [] : [Number(step)]
  })
}

function endOf(level: Level): number | undefined {
  const ends = level.segments.map((segment) => segment.firstRow + segment.rows)
  return ends.length === 0 ? undefined : Math.max(...ends)
}

/** What replaying the log gave: the files and their sizes, and how many points no series is known for. */
export interface Replayed {
  readonly files: Map<number, number>
  readonly strayPoints: number
}

/** Puts the points of the log back into memory, as far as no segment has them. */
export function replayLog(
  walDir: string,
  catalog: Catalog,
  lastPoints: LastPoints,
  pool: PagePool,
  onReport: (file: string, report: BlockReport) => void,
  onDamage: OnDamage,
): Replayed {
  const files = new Map<number, number>()
  const checkEnd = createEndCheck((sequence, bytes) =>
    onDamage(`${sequence}.wal`, `${bytes} bytes at its end are gone`),
  )
  let strayPoints = 0
  for (const sequence of walSequences(walDir)) {
    const isStored = createStoredCheck(sequence)
    const report = replayWal(walDir, sequence, (id, timestamp, value) => {
      if (!catalog.isLiving(id)) {
        // Either deleted, or its definition is lost: then no other series may get the number.
        if (!catalog.wasDeleted(id)) strayPoints++
        catalog.reserve(id)
        return
      }
      const grid = catalog.gridOf(id)
      const row = timestamp / grid.layout.step
      lastPoints.note(id, timestamp, value)
      if (!isStored(grid, row)) putPoint(grid, pool, catalog.placeOf(id), row, value, sequence)
    })
    files.set(sequence, report.bytes)
    onReport(`${sequence}.wal`, report)
    checkEnd(sequence, report)
  }
  return { files, strayPoints }
}

/** Tells whether a segment already has every point that a log file holds for a row; remembers it window by window. */
function createStoredCheck(walSequence: number): (grid: Grid, row: number) => boolean {
  const known = new Map<Grid, Map<number, boolean>>()
  // Most points are of the same minute as the one before.
  let latestGrid: Grid | undefined
  let latestRow = 0
  let latest = false

  function look(grid: Grid, row: number): boolean {
    let windows = known.get(grid)
    if (!windows) known.set(grid, (windows = new Map()))
    const number = Math.floor(row / grid.layout.windowRows)
    let stored = windows.get(number)
    if (stored === undefined) {
      stored = grid.raw.segments.some(
        (segment) =>
          segment.walSequence > walSequence && row >= segment.firstRow && row < segment.firstRow + segment.rows,
      )
      windows.set(number, stored)
    }
    return stored
  }

  return (grid, row) => {
    if (row !== latestRow || grid !== latestGrid) {
      latest = look(grid, row)
      latestGrid = grid
      latestRow = row
    }
    return latest
  }
}

/** Finds the newest two points in the newest raw segments, when the file that remembers them is lost. */
export function recoverLastPoints(
  grid: Grid,
  seriesAt: (place: number) => SeriesRecord | undefined,
  points: LastPoints,
) {
  const newest = grid.raw.segments.toSorted((a, b) => b.firstRow - a.firstRow).slice(0, 64)
  for (const segment of newest.toReversed()) {
    const values = new Float64Array(segment.rows)
    for (const page of segment.pages) {
      segment.preload(page)
      for (let place = page * 256; place < (page + 1) * 256; place++) {
        const series = seriesAt(place)
        if (!series) continue
        readRaw(
          { segments: [segment], windows: [] },
          place,
          segment.firstRow,
          segment.firstRow + segment.rows - 1,
          values,
        )
        for (const [i, value] of values.entries())
          if (value === value) points.note(series.id, (segment.firstRow + i) * grid.layout.step, value)
      }
    }
    segment.release()
  }
}
