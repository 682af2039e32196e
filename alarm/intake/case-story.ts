import type { Selectable } from 'kysely'
import type { Tables } from '#lib/sql'
import type { AlarmEvent } from '#protocol'
import { eventKey, ruleOf } from '../events/rule-of.ts'

export type StoryRow = Selectable<Tables['falcon_case']>

/** What an event adds to its case: how long the problem lasted and how bad it got, known when it ends. */
export interface Story {
  readonly row: StoryRow
  /** Seconds; 0 unless the event closes the case. */
  readonly lasted: number
  readonly worst: number
}

/** The row of `falcon_case` after an event. One older than the newest of its case changes nothing. */
export function storyAfter(before: StoryRow | undefined, event: AlarmEvent): Story {
  const time = event.eventTime * 1000
  const { actionId } = ruleOf(event)
  if (before && before.seen > time) return { row: before, lasted: 0, worst: before.worst }
  const told = { seen: time, action_id: actionId, event_key: eventKey(event) }
  const open = before !== undefined && before.opened > 0
  if (event.status === 'PROBLEM' && open) {
    const worst = worseOf(event, before.worst)
    return { row: { ...before, ...told, worst }, lasted: 0, worst }
  }
  const fresh = { case_id: event.id, acknowledged: 0, acknowledged_by: '', reminded: 0, escalated: 0 }
  if (event.status === 'PROBLEM') {
    const worst = event.leftValue
    return { row: { ...fresh, ...told, opened: time, worst }, lasted: 0, worst }
  }
  const worst = open ? before.worst : event.leftValue
  const lasted = open ? Math.round((time - before.opened) / 1000) : 0
  return { row: { ...fresh, ...told, opened: 0, worst }, lasted, worst }
}

/** Below a limit the smallest value is the worst, above it the largest; of others the newest. */
function worseOf(event: AlarmEvent, before: number): number {
  const { operator } = ruleOf(event)
  if (operator.startsWith('<')) return Math.min(before, event.leftValue)
  return operator.startsWith('>') ? Math.max(before, event.leftValue) : event.leftValue
}
