import type { EventStatus } from '#protocol'
import type { RuleSource } from '../rules/rule.ts'

/** What judge remembers of one event id: its last event. Never changed, only replaced. */
export interface Alarm {
  /** The rule as it was when the event was made. */
  readonly source: RuleSource
  readonly status: EventStatus
  readonly step: number
  /** Unix seconds of the point (or, for nodata and closing, of the moment) that made the event. */
  readonly eventTime: number
  readonly leftValue: number
  /** Why it was closed although no point said so. */
  readonly reason?: string
}

/** A positive number: send PROBLEM with this step. */
export type Decision = number | 'recover' | 'not triggered' | 'muted' | 'told often enough' | 'same points' | 'too soon'

/**
 * Open-Falcon's state machine of one event id.
 * @param oldestTimestamp of the points that the function looked at
 * @param now, minInterval in seconds
 */
export function decide(
  alarm: Alarm | undefined,
  triggered: boolean,
  maxStep: number,
  oldestTimestamp: number,
  now: number,
  minInterval: number,
): Decision {
  const open = alarm !== undefined && alarm.status === 'PROBLEM'
  if (!triggered) return open ? 'recover' : 'not triggered'
  // Falcon: a maxStep of 0 is how users switch a rule off; a negative one still tells once.
  if (!open) return maxStep === 0 ? 'muted' : 1
  if (alarm.step >= maxStep) return 'told often enough'
  // Points that made an event are not used for the next one.
  if (oldestTimestamp <= alarm.eventTime) return 'same points'
  if (now - alarm.eventTime < minInterval) return 'too soon'
  return alarm.step + 1
}
