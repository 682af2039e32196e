import type { Counters } from '#lib/counters'
import type { Trust } from '#lib/http'
import type { Logger } from '#lib/log'
import type { Reading } from '#protocol'
import type { Reader } from '../reader/reader.ts'
import type { ArchiveSetting } from '../store/layout.ts'

/** What one call may ask for. */
export interface QueryLimits {
  readonly mostSeries: number
  readonly mostPoints: number
  readonly mostDays: number
  readonly timeoutSeconds: number
}

/** What the routes of the query port need. */
export interface QueryFaces {
  readonly reader: Reader
  readonly counters: Counters
  readonly log: Logger
  trust(): Trust
  limits(): QueryLimits
  /** The name of the node that owns a series; empty when there is only this one. */
  nodeOf(endpoint: string, counter: string): string
  /** Rows that are kept of every series. */
  readonly archives: readonly ArchiveSetting[]
}

/** Whether a range is not longer than `query.mostDays`. */
export function withinDays({ start, end }: { start: number; end: number }, mostDays: number): Reading<number> {
  const days = (end - start) / 86_400
  if (days <= mostDays) return { ok: true, value: days }
  return { ok: false, reason: `${Math.ceil(days)} days in one call, at most ${mostDays} are allowed (query.mostDays)` }
}

/** Whether a call asks for no more than `query.mostSeries` series. */
export function within(series: number, most: number): Reading<number> {
  if (series <= most) return { ok: true, value: series }
  return { ok: false, reason: `${series} series in one call, at most ${most} are allowed (query.mostSeries)` }
}
