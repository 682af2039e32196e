import { mkdirSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { openCatalog } from './catalog.ts'
import type { Workshop } from './flush.ts'
import { lastTwo, putPoint } from './grid.ts'
import type { Grid } from './grid.ts'
import { createPagePool } from './head.ts'
import { readPoints } from './history.ts'
import { joinRuns } from './join-runs.ts'
import { rememberArchives } from './known-archives.ts'
import { openLastPoints } from './last-points.ts'
import { defaultArchives } from './layout.ts'
import { lockFolder } from './lock.ts'
import { createCaretaker } from './caretaker.ts'
import { createPacer } from './pacer.ts'
import { openGrid, recoverLastPoints, replayLog, stepsIn } from './recover.ts'
import type { SeriesRecord } from './series-record.ts'
import { searchCounters, searchEndpoints } from './search.ts'
import { createSegmentThread } from './segment-thread.ts'
import { openSegment } from './segment.ts'
import type { Store, StoreOptions } from './types.ts'
import { openWal } from './wal.ts'

const day = 86_400
/** Points further ahead of the clock than this are refused: a host's clock is wrong, or its unit. */
const farthestAhead = day
const mostSteps = 1000

/**
 * Opens the store in a folder, creating it when there is none, and replays what was not yet in segments.
 * @throws when another process has the folder
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  mkdirSync(join(options.dir, 'wal'), { recursive: true })
  const unlock = await lockFolder(options.dir)
  try {
    return await openLocked(options, unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

async function openLocked(options: StoreOptions, unlock: () => Promise<void>): Promise<Store> {
  const { dir, now, onEvent } = options
  const archives = options.archives ?? defaultArchives
  const known = rememberArchives(dir, archives)
  const settings = {
    archives,
    knownArchives: known.archives,
    rawRetentionSeconds: options.rawRetentionSeconds ?? 30 * day,
  }
  const headBytes = options.headBytes ?? 2 * 2 ** 30
  const walDir = join(dir, 'wal')
  const pool = createPagePool()
  const grids = new Map<number, Grid>()
  let segmentSequence = 0
  let pointsTaken = 0
  let damagedBlocks = 0

  const damage = new Set<string>()
  const onDamage = (file: string, where: string) => {
    // Once for each place, whichever thread meets it and however often.
    const place = `${file}: ${where}`
    if (damage.has(place)) return
    damage.add(place)
    damagedBlocks++
    onEvent({ what: 'damaged', file, where })
  }
  const onReport = (file: string, report: { torn: number; skipped: number }) => {
    if (report.torn > 0) onEvent({ what: 'torn', file, bytes: report.torn })
    if (report.skipped > 0) onDamage(file, `${report.skipped} bytes between sound blocks`)
  }

  function gridFor(step: number): Grid | undefined {
    const known = grids.get(step)
    if (known) return known
    if (grids.size >= mostSteps) return undefined
    const { grid, highestSequence } = openGrid(dir, step, settings, onDamage)
    segmentSequence = Math.max(segmentSequence, highestSequence)
    grids.set(step, grid)
    return grid
  }

  if (known.damaged) onDamage('archives.json', 'all of it; how long rows of archives no longer configured are kept')
  for (const step of stepsIn(dir)) gridFor(step)
  const { points: lastPoints, file } = openLastPoints(dir)
  const mostSeries = options.mostSeries ?? 20_000_000
  const { catalog, report } = await openCatalog({ dir, mostSeries, expected: lastPoints.count, gridFor })
  onReport('series.log', report)
  const { index, registry } = catalog
  catalog.reserve(lastPoints.count - 1)
  if (file === 'damaged') onDamage('last-points', 'all of it; the newest points are looked for in the segments')
  if (file !== 'loaded')
    for (const grid of grids.values()) recoverLastPoints(grid, (p) => catalog.seriesAt(grid, p), lastPoints)
  const replayed = replayLog(walDir, catalog, lastPoints, pool, onReport, onDamage)
  if (replayed.strayPoints > 0) onEvent({ what: 'unknown series in the log', points: replayed.strayPoints })

  const wal = openWal({
    dir: walDir,
    // Above what segments call stored, too: files below that would not be replayed.
    firstSequence: Math.max(0, ...replayed.files.keys(), ...[...grids.values()].map(highestWalSequence)) + 1,
    strict: options.strict ?? false,
    before: async () => {
      await registry.flush()
      if (options.strict) await registry.sync()
    },
    old: replayed.files,
  })

  const pace = createPacer()
  const maker = options.maker ?? createSegmentThread(onDamage)
  const shop: Workshop = {
    pool,
    maker,
    nextSequence: () => ++segmentSequence,
    open: (path) => openSegment(path, onDamage),
    async discard(segment) {
      segment.close()
      await unlink(segment.path)
    },
  }
  const caretaker = createCaretaker({
    shop,
    grids,
    wal,
    oldFiles: [...replayed.files.keys()],
    catalog,
    lastPoints,
    now,
    headBytes,
    lateSeconds: options.lateSeconds ?? 7200,
    expireSeconds: options.expireSeconds ?? 366 * day,
    onEvent,
  })

  function newest(series: readonly SeriesRecord[]): SeriesRecord | undefined {
    let best: SeriesRecord | undefined
    for (const record of series) if (!best || lastPoints.time(record.id) >= lastPoints.time(best.id)) best = record
    return best
  }

  let closed: Promise<void> | undefined
  async function closeAll(): Promise<void> {
    const ended = caretaker.ended()
    await maker.close()
    await ended
    // A full disk may refuse one of them; the others are done all the same.
    const failures: unknown[] = []
    for (const end of [() => registry.close(), () => wal.close(), () => lastPoints.save()])
      await end().catch((error: unknown) => failures.push(error))
    for (const grid of grids.values()) for (const segment of segmentsOf(grid)) segment.close()
    await unlock()
    if (failures.length > 0) throw failures[0]
  }

  return {
    define: (name) => catalog.define(name) ?? -1,
    append(slot, timestamp, value) {
      if (value !== value) return 'nan'
      const id = catalog.living(slot)
      if (id < 0) return 'limit'
      const grid = catalog.gridOf(id)
      const { step } = grid.layout
      const row = Math.floor(timestamp / step)
      const aligned = row * step
      const clock = now()
      if (!(aligned <= clock + farthestAhead)) return 'future'
      if (row < 1 || aligned < clock - grid.layout.rawRows * step) return 'old'
      putPoint(grid, pool, catalog.placeOf(id), row, value, wal.sequence)
      wal.push(id, aligned, value)
      lastPoints.note(id, aligned, value)
      pointsTaken++
      return undefined
    },
    commit: () => wal.commit(),
    overloaded() {
      if (pool.usedBytes <= 1.5 * headBytes) return undefined
      return `${Math.round(pool.usedBytes / 2 ** 20)} MiB of points wait to be written to disk`
    },
    query(request) {
      const series = catalog.find(request.endpoint, request.counter)
      const today = newest(series)
      if (!today) return undefined
      // Not that of today first: where two of them have a row, the same one must count tomorrow.
      const ordered = series.toSorted((a, b) => b.id - a.id)
      const runs = ordered.map((record) =>
        readPoints(catalog.gridOf(record.id), record, lastPoints.time(record.id), request, now()),
      )
      const { kind, step } = today
      return { kind, step, runs: runs.length === 1 ? runs : joinRuns(runs, ordered.indexOf(today)) }
    },
    last(endpoint, counter) {
      const record = newest(catalog.find(endpoint, counter))
      if (!record || lastPoints.time(record.id) === 0) return undefined
      const { id, kind, step } = record
      const latest = now() + step
      if (lastPoints.time(id) > latest) {
        // A clock that was once ahead must not hide what is sent since: look for what is not ahead.
        const grid = grids.get(step)
        const found = grid && lastTwo(grid, record.place, Math.floor(latest / step))
        if (found) return { kind, step, ...found }
      }
      const before = lastPoints.previousTime(id)
      return {
        kind,
        step,
        timestamp: lastPoints.time(id),
        value: lastPoints.value(id),
        previous: before === 0 ? undefined : { timestamp: before, value: lastPoints.previousValue(id) },
      }
    },
    searchEndpoints: (search) => searchEndpoints(catalog, search),
    searchCounters: (search) => searchCounters(catalog, search, newest),
    endpoints: (names) =>
      [...new Set(names)].flatMap((name) => {
        const endpoint = index.endpoints.find(name)
        if (endpoint < 0 || index.livingOf(endpoint) === 0) return []
        let timestamp = 0
        for (const id of index.seriesOf(endpoint)) timestamp = Math.max(timestamp, lastPoints.time(id))
        return [{ id: index.idOf(endpoint), endpoint: name, timestamp }]
      }),
    async deleteEndpoints(names) {
      let endpoints = 0
      let counters = 0
      for (const name of new Set(names)) {
        const endpoint = index.endpoints.find(name)
        if (endpoint < 0 || index.livingOf(endpoint) === 0) continue
        endpoints++
        const series = [...index.seriesOf(endpoint)]
        counters += new Set(series.map((id) => catalog.counterOf(id))).size
        for (const id of series) catalog.forget(id)
        await pace()
      }
      await registry.flush()
      return { endpoints, counters }
    },
    async deleteCounters(endpoints, counters) {
      let deleted = 0
      for (const endpoint of new Set(endpoints))
        for (const counter of new Set(counters)) {
          const series = catalog.find(endpoint, counter)
          if (series.length > 0) deleted++
          for (const { id } of series) catalog.forget(id)
          await pace()
        }
      await registry.flush()
      return deleted
    },
    stats() {
      const segments = [...grids.values()].flatMap(segmentsOf)
      const { files, bytes } = wal.stats()
      return {
        series: catalog.size,
        endpoints: index.endpointCount,
        points: pointsTaken,
        headBytes: pool.usedBytes,
        walBytes: bytes,
        walFiles: files,
        segments: segments.length,
        segmentBytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
        damagedBlocks,
      }
    },
    async sync() {
      await registry.sync()
      await wal.sync()
    },
    maintain: () => caretaker.run(),
    close() {
      closed ??= closeAll()
      return closed
    },
  }
}

function highestWalSequence(grid: Grid): number {
  return grid.raw.segments.reduce((highest, segment) => Math.max(highest, segment.walSequence), 0)
}

function segmentsOf(grid: Grid) {
  return [...grid.raw.segments, ...grid.archives.flatMap((level) => level.segments)]
}
