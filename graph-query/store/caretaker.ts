import type { Catalog } from './catalog.ts'
import type { Workshop } from './flush.ts'
import type { Grid } from './grid.ts'
import type { HeadWindow } from './head.ts'
import type { LastPoints } from './last-points.ts'
import { consolidate, dropExpired, nextFlush, windowsDue, writeFrozen } from './maintenance.ts'
import type { StoreEvent } from './types.ts'
import type { Wal } from './wal.ts'

/** Points stay in memory and log at most this long before they are written, complete window or not. */
const longestInLogSeconds = 7200
/** A log larger than this is shortened by writing windows that are not complete. */
const largestLogBytes = 2 * 2 ** 30
const expiryEverySeconds = 3600

/** Does what a store needs done from time to time. */
export interface Caretaker {
  /** One round; a call during a round joins it. Rejects with what went wrong, after doing what could be done. */
  run(): Promise<void>
  /** Resolves when no round is under way; there will be none after it. */
  ended(): Promise<void>
}

export interface CaretakerOptions {
  readonly shop: Workshop
  readonly grids: ReadonlyMap<number, Grid>
  readonly wal: Wal
  /** Numbers of the log files from before this start. */
  readonly oldFiles: readonly number[]
  readonly catalog: Catalog
  readonly lastPoints: LastPoints
  readonly now: () => number
  readonly headBytes: number
  readonly lateSeconds: number
  readonly expireSeconds: number
  readonly onEvent: (event: StoreEvent) => void
}

export function createCaretaker(options: CaretakerOptions): Caretaker {
  const { shop, grids, wal, catalog, lastPoints, now } = options
  /** When a log file became the one that is written, as seen here. */
  const logStarted = new Map([...options.oldFiles, wal.sequence].map((sequence) => [sequence, now()]))
  let expiryCheckedAt = now()
  let running: Promise<void> | undefined
  let ended = false

  async function round(): Promise<void> {
    const clock = now()
    freezeDue(clock)
    const failures: unknown[] = []
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work()
      } catch (error) {
        failures.push(error)
      }
    }
    const writing = [...grids.values()].filter((grid) => grid.writing.length > 0)
    for (const grid of writing) await attempt(() => writeFrozen(shop, grid, clock))
    if (writing.length > 0) await attempt(shortenLog)
    for (const grid of grids.values()) {
      await attempt(() => consolidate(shop, grid, clock, options.lateSeconds))
      await attempt(() => dropExpired(shop, grid, clock))
    }
    await attempt(() => expireSeries(clock))
    if (failures.length > 0) throw failures[0]
  }

  function freezeDue(clock: number): void {
    const tooLong = wal.stats().bytes > largestLogBytes
    const pressure = {
      memory: shop.pool.usedBytes > options.headBytes,
      isOld: (sequence: number) => tooLong || (logStarted.get(sequence) ?? clock) + longestInLogSeconds <= clock,
    }
    const due = new Map<Grid, HeadWindow[]>()
    for (const grid of grids.values()) {
      const windows = windowsDue(grid, clock, pressure)
      if (windows.length > 0) due.set(grid, windows)
      if (clock >= grid.flushAt) grid.flushAt = nextFlush(grid, clock)
    }
    if (due.size === 0) return
    const below = wal.rotate()
    logStarted.set(below, clock)
    for (const [grid, windows] of due)
      for (const window of windows.toSorted((a, b) => a.firstRow - b.firstRow)) {
        window.frozenBelow = below
        grid.open.delete(Math.floor(window.firstRow / grid.layout.windowRows))
        grid.writing.push(window)
      }
  }

  /** Drops the log files that only hold points which are in segments. */
  async function shortenLog(): Promise<void> {
    await lastPoints.save()
    const needed = [...grids.values()].flatMap((grid) =>
      [...grid.open.values(), ...grid.writing].map((window) => window.walSequence),
    )
    const oldest = Math.min(wal.sequence, ...needed)
    await wal.dropBefore(oldest)
    for (const sequence of logStarted.keys()) if (sequence < oldest) logStarted.delete(sequence)
  }

  async function expireSeries(clock: number): Promise<void> {
    if (clock - expiryCheckedAt < expiryEverySeconds) return
    expiryCheckedAt = clock
    let expired = 0
    for (const id of catalog.ids()) {
      const newest = lastPoints.time(id)
      if (newest === 0 || newest + options.expireSeconds >= clock) continue
      catalog.forget(id)
      expired++
    }
    if (expired === 0) return
    await catalog.registry.flush()
    options.onEvent({ what: 'expired', series: expired })
  }

  return {
    run() {
      if (ended) return Promise.resolve()
      running ??= round().finally(() => {
        running = undefined
      })
      return running
    },
    async ended() {
      ended = true
      // Whoever called `run` hears how its round ended.
      await running?.catch(() => undefined)
    },
  }
}
