import { checksum, formatEvent, parseTags, primaryKey } from '#protocol'
import type { EventStatus } from '#protocol'
import type { Alarm } from '../alarms/alarm.ts'
import { ruleKey } from '../rules/rule.ts'
import type { RuleSource } from '../rules/rule.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import type { JudgeState } from './state.ts'

export interface Occurrence {
  readonly source: RuleSource
  readonly status: EventStatus
  readonly leftValue: number
  readonly step: number
  /** Unix seconds. */
  readonly eventTime: number
  /** Only when an alarm is closed although no point said so. */
  readonly reason?: string
}

/** Writes an event and the state it leads to into the open transaction. */
export function raise(state: JudgeState, series: TrackedSeries, occurrence: Occurrence): void {
  const { source, status, leftValue, step, eventTime, reason } = occurrence
  const { counters, transaction, settings } = state
  const alarm: Alarm = { source, status, step, eventTime, leftValue, ...(reason !== undefined && { reason }) }
  transaction.alarm(series, ruleKey(source.kind, source.value.id), alarm)
  state.alarmed.add(series)
  if (!settings.sendEvents) {
    counters.add('events.notSent')
    return
  }
  // Falcon: an event whose left value is not a number cannot be written; the state advances all the same.
  if (!Number.isFinite(leftValue)) {
    counters.add('events.unwritable')
    state.log.warn({ endpoint: series.endpoint, metric: series.metric, leftValue }, 'event has no finite left value')
    return
  }
  transaction.event(source.value.priority, eventJson(series, occurrence))
}

function eventJson(series: TrackedSeries, { source, status, leftValue, step, eventTime }: Occurrence): string {
  return formatEvent({
    id: eventId(series, source),
    strategy: source.kind === 'strategy' ? source.value : null,
    expression: source.kind === 'expression' ? source.value : null,
    status,
    endpoint: series.endpoint,
    leftValue,
    currentStep: step,
    eventTime,
    pushedTags: Object.fromEntries(parseTags(series.tags)),
  })
}

/** `s_<id>_<md5>` or `e_<id>_<md5>`. */
export function eventId(series: TrackedSeries, source: RuleSource): string {
  const key = primaryKey(series.endpoint, series.metric, series.tags)
  return `${ruleKey(source.kind, source.value.id)}_${checksum(key)}`
}

/** Ends the open transaction: journal first, then the outbox. When the journal fails, nothing has happened. */
export function commit(state: JudgeState): void {
  const events = state.transaction.commit((frame) => {
    try {
      state.journal.append(frame)
      state.journalFailure = undefined
    } catch (error) {
      state.journalFailure = (error as Error).message
      throw error
    }
  })
  state.outbox.add(events)
  if (events.length > 0) state.counters.add('events.made', events.length)
}
