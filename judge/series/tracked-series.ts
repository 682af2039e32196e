import type { CounterType } from '#protocol'
import type { Alarm } from '../alarms/alarm.ts'
import type { Rule } from '../rules/rule.ts'
import type { History } from './history.ts'

/** A series that some rule watches, with its recent points and its alarms. */
export interface TrackedSeries {
  readonly endpoint: string
  readonly metric: string
  /** Canonical. */
  readonly tags: string
  /** Number in the journal; 0 until it was written there. */
  number: number
  /** Of the newest point. */
  counterType: CounterType
  /** Seconds. */
  step: number
  history: History
  rules: readonly Rule[]
  /** Version of the rule set that `rules` come from. */
  version: number
  /** Values that the longest of the rules looks at. */
  window: number
  /** Unix seconds when its last point came in, whatever timestamp that had. */
  lastArrival: number
  /** The newest point was too old to be judged. */
  late: boolean
  /** By rule key; undefined until the first event, so that a quiet series costs nothing. */
  alarms: Map<string, Alarm> | undefined
}

/** Points a series keeps for its rules: one more than they look at, because rates need it, and at least `remain`. */
export function capacityFor(rules: readonly Rule[], remain: number, historyLimit: number): number {
  let need = remain
  for (const rule of rules) need = Math.max(need, rule.window + 1)
  return Math.min(need, historyLimit)
}

export function isOpen(series: TrackedSeries): boolean {
  if (!series.alarms) return false
  for (const alarm of series.alarms.values()) if (alarm.status === 'PROBLEM') return true
  return false
}
