import { decide } from '../alarms/alarm.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { raise } from './events.ts'
import type { JudgeState } from './state.ts'

/** Judges a series by the points it holds. */
export interface PointJudge {
  /** The newest point is current: every rule decides. Times in unix seconds. */
  point(series: TrackedSeries, timestamp: number, now: number): void
  /** A point came, however old: a nodata alarm ends. */
  arrived(series: TrackedSeries, timestamp: number): void
}

export function createPointJudge(state: JudgeState): PointJudge {
  let values = new Float64Array(64)
  const verdict = { leftValue: 0, triggered: false }

  function arrived(series: TrackedSeries, timestamp: number): void {
    if (!series.alarms) return
    for (const rule of series.rules) {
      if (rule.silentSteps === 0 || series.alarms.get(rule.key)?.status !== 'PROBLEM') continue
      raise(state, series, { source: rule.source, status: 'OK', leftValue: 0, step: 1, eventTime: timestamp })
    }
  }

  return {
    arrived,
    point(series, timestamp, now) {
      const { alarms, history, rules, window } = series
      if (values.length < window) values = new Float64Array(2 * window)
      const given = history.newestInto(values, window)
      for (const rule of rules) {
        const { judge } = rule
        // Falcon: with fewer points than it looks at, a function decides nothing.
        if (judge === undefined || given < rule.window) continue
        judge.judge(values, verdict)
        const { leftValue, triggered } = verdict
        if (!triggered && alarms === undefined) continue
        const oldest = history.timestampAt(rule.window - 1)
        const alarm = series.alarms?.get(rule.key)
        const decision = decide(alarm, triggered, rule.maxStep, oldest, now, state.settings.minInterval)
        if (typeof decision === 'number')
          raise(state, series, {
            source: rule.source,
            status: 'PROBLEM',
            leftValue,
            step: decision,
            eventTime: timestamp,
          })
        else if (decision === 'recover')
          raise(state, series, { source: rule.source, status: 'OK', leftValue, step: 1, eventTime: timestamp })
      }
      if (alarms !== undefined) arrived(series, timestamp)
    },
  }
}
