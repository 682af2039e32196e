import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRows } from './rows.ts'
import { isSegmentName, segmentName, seriesPerPage } from './segment-format.ts'
import { openSegment } from './segment.ts'
import type { Segment } from './segment.ts'
import { isVanished } from './verification.ts'
import type { Verification } from './verification.ts'

/** Reads every block of the segments of one step. Answers the places that have raw points, with how many. */
export function verifySegments(
  dir: string,
  step: number,
  found: Verification,
  live: boolean,
  progress: (text: string) => void,
): Map<number, number> {
  const places = new Map<number, number>()
  const folder = `step-${step}`
  const names = readdirSync(join(dir, folder)).filter(isSegmentName)
  for (const [i, name] of names.entries()) {
    progress(`${folder}: segment ${i + 1} of ${names.length}`)
    const file = join(folder, name)
    let segment: Segment
    try {
      segment = openSegment(join(dir, file), (_path, where) =>
        found.damages.push({ file, where, lost: lostOf(where, name, step) }),
      )
    } catch (error) {
      if (isVanished(error) && live) continue
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error
      const where = (error as Error).message.replace(/^.*: /, '')
      found.files++
      found.damages.push({ file, where, lost: lostOf(where, name, step) })
      continue
    }
    try {
      found.files++
      found.bytes += segment.bytes
      if (segmentName(segment) !== name)
        found.damages.push({ file, where: `its footer says ${segmentName(segment)}`, lost: lostOf('', name, step) })
      readAllBlocks(segment, found, places)
    } finally {
      segment.close()
    }
  }
  return places
}

function readAllBlocks(segment: Segment, found: Verification, places: Map<number, number>): void {
  const values = new Float64Array(segment.rows)
  const rows = createRows(segment.rows)
  for (const page of segment.pages) {
    segment.preload(page)
    for (let place = page * seriesPerPage; place < (page + 1) * seriesPerPage; place++) {
      const has = segment.width === 1 ? segment.readValues(place, values) : segment.readRows(place, rows)
      if (!has) continue
      found.blocks++
      if (segment.width > 1) continue
      let points = 0
      for (const value of values) if (value === value) points++
      found.points += points
      places.set(place, (places.get(place) ?? 0) + points)
    }
  }
  segment.release()
}

/** What a damaged place of a segment costs, in words. */
function lostOf(where: string, name: string, step: number): string {
  const [width = 1, first = 0, rows = 0] = name.split('-').map(Number)
  const time = (row: number) => new Date(row * width * step * 1000).toISOString().replace('.000', '')
  const what = where.startsWith('block') ? 'one series' : where.startsWith('table') ? 'up to 256 series' : 'all series'
  return `${what}, ${time(first)} to ${time(first + rows - 1)}, ${width === 1 ? 'raw points' : `rows of ${width} steps`}`
}
