import type { Reading } from '#protocol'

/** What one call may ask for; the names are those of the configuration's `query` section. */
export interface QueryLimits {
  readonly mostSeries: number
  /** Of all series together; of one series in an export. */
  readonly mostPoints: number
  readonly mostDays: number
  readonly timeoutSeconds: number
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
