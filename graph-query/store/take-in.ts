import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openCatalog } from './catalog.ts'
import type { Grid } from './grid.ts'
import { readRaw } from './grid.ts'
import { defaultArchives } from './layout.ts'
import { openGrid, stepsIn } from './recover.ts'
import type { OnDamage } from './segment.ts'
import { seriesPerPage } from './segment-format.ts'
import type { SeriesRecord } from './series-record.ts'
import type { Store, StoreOptions } from './types.ts'
import { replayWal, walSequences } from './wal.ts'

/** Points that are appended before the store commits them and looks whether memory is full. */
const batchPoints = 100_000

/**
 * Appends every raw point of the store in `dir`, which nothing has open, to another: those that it has already change
 * nothing. It can be done again after a death in the middle. Resolves with the number of points when the disk has them.
 */
export async function takeIn(
  dir: string,
  store: Pick<Store, 'define' | 'append' | 'commit' | 'overloaded' | 'maintain' | 'sync'>,
  options: Pick<StoreOptions, 'archives' | 'rawRetentionSeconds' | 'onEvent'> & { readonly mostSeries: number },
): Promise<number> {
  mkdirSync(join(dir, 'wal'), { recursive: true })
  const archives = options.archives ?? defaultArchives
  const settings = { archives, knownArchives: archives, rawRetentionSeconds: options.rawRetentionSeconds ?? 0 }
  const onDamage: OnDamage = (file, where) => options.onEvent({ what: 'damaged', file, where })
  const grids = new Map<number, Grid>()
  const gridFor = (step: number) => {
    const known = grids.get(step)
    if (known) return known
    const { grid } = openGrid(dir, step, settings, onDamage)
    grids.set(step, grid)
    return grid
  }
  for (const step of stepsIn(dir)) gridFor(step)
  const { catalog } = await openCatalog({ dir, mostSeries: options.mostSeries, gridFor })
  let taken = 0
  let waiting = 0

  /** Slots in the other store by series number here. */
  const slots = new Map<number, number>()
  function slotOf(series: SeriesRecord): number {
    const known = slots.get(series.id)
    if (known !== undefined) return known
    const slot = store.define(series)
    slots.set(series.id, slot)
    return slot
  }
  function append(series: SeriesRecord, timestamp: number, value: number): void {
    if (store.append(slotOf(series), timestamp, value) !== undefined) return
    taken++
    waiting++
  }
  async function settle(): Promise<void> {
    if (waiting < batchPoints) return
    waiting = 0
    await store.commit()
    while (store.overloaded() !== undefined) await store.maintain()
  }

  try {
    for (const grid of grids.values())
      // In the order in which they were written: of two points at one time, the later one is right.
      for (const segment of grid.raw.segments) {
        const values = new Float64Array(segment.rows)
        const last = segment.firstRow + segment.rows - 1
        for (const page of segment.pages) {
          segment.preload(page)
          for (let place = page * seriesPerPage; place < (page + 1) * seriesPerPage; place++) {
            const series = catalog.seriesAt(grid, place)
            if (!series) continue
            readRaw({ segments: [segment], windows: [] }, place, segment.firstRow, last, values)
            for (const [i, value] of values.entries())
              if (value === value) append(series, (segment.firstRow + i) * grid.layout.step, value)
          }
          await settle()
        }
        segment.release()
      }
    for (const sequence of walSequences(join(dir, 'wal'))) {
      const ids: number[] = []
      const times: number[] = []
      const values: number[] = []
      replayWal(join(dir, 'wal'), sequence, (id, timestamp, value) => {
        ids.push(id)
        times.push(timestamp)
        values.push(value)
      })
      for (const [i, id] of ids.entries()) {
        if (catalog.isLiving(id)) append(catalog.record(id), times[i] ?? NaN, values[i] ?? NaN)
        if (waiting >= batchPoints) await settle()
      }
    }
    await store.commit()
    await store.sync()
    return taken
  } finally {
    await catalog.registry.close()
    for (const grid of grids.values())
      for (const segment of [...grid.raw.segments, ...grid.archives.flatMap((level) => level.segments)]) segment.close()
  }
}
