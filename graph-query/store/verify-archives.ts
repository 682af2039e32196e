import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createGrid, makeRows, readStored } from './grid.ts'
import type { Grid } from './grid.ts'
import { layoutOf, rateReach } from './layout.ts'
import { createRows } from './rows.ts'
import type { SeriesRecord } from './series-record.ts'
import { isSegmentName } from './segment-format.ts'
import { openSegment } from './segment.ts'
import type { Segment } from './segment.ts'
import { isVanished } from './verification.ts'
import type { LoggedPoints, Verification, VerifyOptions } from './verification.ts'

/** Series of each step whose archives are compared unless all are. */
const sampled = 100

/**
 * Makes rows of archives anew from what they were made from, and compares. Left out is what cannot be made any more, or
 * what points in the log will change. Nothing is said when a running store exchanges files meanwhile.
 */
export function verifyArchives(
  options: VerifyOptions,
  step: number,
  series: readonly SeriesRecord[],
  logged: LoggedPoints,
  found: Verification,
): void {
  const { dir, deep, progress } = options
  const folder = join(dir, `step-${step}`)
  const names = () => readdirSync(folder).filter(isSegmentName).toSorted()
  const before = names()
  const segments = openAll(folder, before)
  if (!segments) return
  try {
    const grid = createGrid(folder, layoutOf(step, options.archives, options.rawRetentionSeconds))
    grid.raw.segments = segments.filter((segment) => segment.width === 1)
    for (const [i, level] of grid.archives.entries()) {
      level.segments = segments.filter((segment) => segment.width === grid.layout.archives[i]?.width)
      level.doneThrough = Math.max(0, ...level.segments.map((segment) => segment.firstRow + segment.rows))
    }
    const every = deep ? 1 : Math.max(1, Math.ceil(series.length / sampled))
    const chosen = series.filter((_, i) => i % every === 0)
    const wrong: Verification['damages'] = []
    for (const [i, record] of chosen.entries()) {
      if (i % 100 === 0) progress(`step-${step}: archives of series ${i + 1} of ${chosen.length}`)
      for (const index of grid.archives.keys()) compareArchive(grid, index, record, logged, found, wrong)
    }
    if (!options.live || String(names()) === String(before)) found.damages.push(...wrong)
  } finally {
    for (const segment of segments) segment.close()
  }
}

/** Damage was reported when every block was read; undefined when one of them has gone. */
function openAll(folder: string, names: readonly string[]): Segment[] | undefined {
  const segments: Segment[] = []
  for (const name of names) {
    try {
      segments.push(openSegment(join(folder, name), () => undefined))
    } catch (error) {
      if (!isVanished(error)) continue
      for (const segment of segments) segment.close()
      return undefined
    }
  }
  return segments.toSorted((a, b) => a.sequence - b.sequence)
}

function compareArchive(
  grid: Grid,
  index: number,
  { id, place, kind, counter, endpoint }: SeriesRecord,
  logged: LoggedPoints,
  found: Verification,
  wrong: Verification['damages'],
): void {
  const layout = grid.layout.archives[index]
  const level = grid.archives[index]
  const finer = layout && layout.source >= 0 ? grid.archives[layout.source] : grid.raw
  if (!layout || !level || !finer || finer.segments.length === 0) return
  const finerWidth = grid.layout.archives[layout.source]?.width ?? 1
  const ratio = layout.width / finerWidth
  // A rate may come from a point long before its row.
  const reach = kind === 'DERIVE' && finerWidth === 1 ? rateReach(grid.layout.step) : 0
  const oldest = Math.min(...finer.segments.map((segment) => segment.firstRow)) + reach
  const newest = Math.max(...finer.segments.map((segment) => segment.firstRow + segment.rows - 1))
  const unsettled = logged.get(id) ?? Infinity
  for (const segment of level.segments) {
    const first = Math.max(segment.firstRow, Math.ceil((oldest - 1) / ratio) + 1)
    const settled = Math.ceil(unsettled / grid.layout.step / layout.width) - 1
    const last = Math.min(segment.firstRow + segment.rows - 1, Math.floor(newest / ratio), settled)
    if (first > last) continue
    const stored = createRows(last - first + 1)
    const made = createRows(last - first + 1)
    readStored(level.segments, place, first, last, stored)
    makeRows(grid, index, place, kind, first, last, made, 0)
    found.compared += last - first + 1
    for (let i = 0; i <= last - first; i++) {
      if (agree(stored.average[i], made.average[i]) && agree(stored.max[i], made.max[i])) continue
      wrong.push({
        file: join(`step-${grid.layout.step}`, segment.path.slice(grid.dir.length + 1)),
        where: `row ${first + i} of ${endpoint}/${counter} is ${stored.average[i]}, but ${made.average[i]} by what it was made from`,
        lost: 'one of the two is wrong',
      })
      break
    }
  }
}

function agree(a = NaN, b = NaN): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
}
