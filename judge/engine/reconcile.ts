import type { Alarm } from '../alarms/alarm.ts'
import { saysTheSame } from '../rules/rule.ts'
import type { Rule } from '../rules/rule.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { commit, raise } from './events.ts'
import { bind } from './state.ts'
import type { Closing, JudgeState } from './state.ts'

/**
 * Closes the open alarms that the current rules no longer stand for: each gets an OK event with the rule as last known
 * and the moment as its time; the reason is kept in the journal.
 * @returns how many. @throws when the journal cannot be written; nothing has happened then.
 */
export function closeOrphans(state: JudgeState): number {
  if (!state.settings.closeOnChange) return 0
  const eventTime = Math.floor(state.now() / 1000)
  const closed: Closing[] = []
  try {
    for (const series of state.alarmed) {
      rebind(state, series)
      for (const [key, alarm] of series.alarms ?? []) {
        if (alarm.status !== 'PROBLEM') continue
        const reason = closingReason(state, series, key, alarm)
        if (reason === undefined) continue
        const leftValue = newestFigure(series, alarm)
        raise(state, series, { source: alarm.source, status: 'OK', leftValue, step: 1, eventTime, reason })
        const { endpoint, metric, tags } = series
        closed.push({ endpoint, metric, tags, rule: key, reason, at: eventTime })
      }
    }
    commit(state)
  } catch (error) {
    state.transaction.rollback()
    throw error
  }
  remember(state, closed)
  return closed.length
}

const closingsKept = 500

function remember(state: JudgeState, closed: readonly Closing[]): void {
  if (closed.length === 0) return
  state.counters.add('events.closed', closed.length)
  for (const closing of closed) state.log.info(closing, 'alarm closed')
  state.closings.push(...closed)
  state.closings.splice(0, state.closings.length - closingsKept)
}

/** Gives a series the rules of the current set, possibly none. */
export function rebind(state: JudgeState, series: TrackedSeries): void {
  if (series.version === state.rules.version) return
  bind(state, series, state.rules.rulesFor(series.endpoint, series.metric, series.tags))
}

function closingReason(state: JudgeState, series: TrackedSeries, key: string, alarm: Alarm): string | undefined {
  const rule = series.rules.find((candidate) => candidate.key === key)
  if (rule) return isSatisfied(series, rule, alarm) ? undefined : 'the rule was changed and is not triggered any more'
  const refused = state.rules
    .explain(series.endpoint, series.metric, series.tags)
    .find((candidate) => candidate.key === key)?.refusal
  if (refused !== undefined) return `the rule was refused: ${refused}`
  if (state.rules.has(key))
    return 'the rule does not apply here any more: unbound, other metric or tags, or maintenance'
  return 'the rule is gone: deleted, unbound, paused, outside its time window, or its hosts are in maintenance'
}

/** Whether the points at hand still trigger a rule that was changed; an unchanged one is left to the next point. */
function isSatisfied(series: TrackedSeries, rule: Rule, alarm: Alarm): boolean {
  if (rule.judge === undefined || saysTheSame(rule.source, alarm.source.value)) return true
  const values = new Float64Array(rule.window)
  if (series.history.newestInto(values, rule.window) < rule.window) return true
  const verdict = { leftValue: 0, triggered: false }
  rule.judge.judge(values, verdict)
  return verdict.triggered
}

function newestFigure(series: TrackedSeries, alarm: Alarm): number {
  const newest = new Float64Array(1)
  return series.history.newestInto(newest, 1) === 1 && Number.isFinite(newest[0]) ? (newest[0] ?? 0) : alarm.leftValue
}
