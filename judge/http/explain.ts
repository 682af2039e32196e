import { primaryKey } from '#protocol'
import { decide } from '../alarms/alarm.ts'
import type { Alarm } from '../alarms/alarm.ts'
import { deadlineOf } from '../engine/absence.ts'
import { eventId } from '../engine/events.ts'
import { isLate } from '../engine/intake.ts'
import type { JudgeState } from '../engine/state.ts'
import type { Rule } from '../rules/rule.ts'
import { splits } from '../rules/rule-set.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'

/** Everything that decides about one series at this moment, and in words why nothing is sent. */
export function explain(state: JudgeState, path: string): unknown {
  const series = state.registry.find(path)
  if (!series) return { ...explainUnknown(state, path), closed: closingsOf(state, path) }
  const { endpoint, metric, tags, counterType, step, history, lastArrival } = series
  const now = Math.floor(state.now() / 1000)
  const rules = state.rules.explain(endpoint, metric, tags)
  const gone = [...(series.alarms ?? [])].filter(([key]) => !rules.some((rule) => rule.key === key))
  return {
    series: { endpoint, metric, tags, counterType, step },
    now,
    lastArrival,
    points: Array.from({ length: history.count }, (_, i) => [history.timestampAt(i), history.valueAt(i)]),
    keeps: history.capacity,
    rules: rules.map((rule) => explainRule(state, series, rule, now)),
    /** Alarms of rules that do not apply any more. */
    gone: gone.map(([rule, alarm]) => ({ rule, state: stateOf(alarm), lastEvent: lastEvent(alarm) })),
    closed: closingsOf(state, path),
  }
}

/** Alarms of this series that were closed because their rule went or changed. */
function closingsOf(state: JudgeState, path: string): unknown[] {
  return state.closings
    .filter(({ endpoint, metric, tags }) => primaryKey(endpoint, metric, tags) === path)
    .map(({ rule, reason, at }) => ({ rule, reason, at }))
}

function explainUnknown(state: JudgeState, path: string): object {
  for (const [endpoint, rest] of splits(path)) {
    const [, metric = '', tags = ''] = /^([^/]*)\/?(.*)$/s.exec(rest) ?? []
    const rules = state.rules.explain(endpoint, metric, tags)
    if (rules.length === 0) continue
    const refused = rules.filter((rule) => rule.refusal !== undefined)
    return {
      series: { endpoint, metric, tags },
      why:
        refused.length === rules.length
          ? 'every rule of this series is refused'
          : 'no point of this series has come in',
      rules: rules.map((rule) => ({ rule: rule.key, ...rule.source, why: rule.refusal ?? 'no points' })),
    }
  }
  return { why: 'no rule matches this series, so its points are not kept' }
}

function explainRule(state: JudgeState, series: TrackedSeries, rule: Rule, now: number): unknown {
  const alarm = series.alarms?.get(rule.key)
  return {
    rule: rule.key,
    [rule.source.kind]: rule.source.value,
    eventId: eventId(series, rule.source),
    ...(rule.silentSteps > 0 ? explainSilence(state, series, rule, now) : explainValues(state, series, rule, now)),
    state: stateOf(alarm),
    lastEvent: lastEvent(alarm),
  }
}

function explainValues(state: JudgeState, series: TrackedSeries, rule: Rule, now: number) {
  if (rule.judge === undefined) return { why: rule.refusal ?? 'the rule is not in use' }
  const { history } = series
  const values = new Float64Array(rule.window)
  const given = history.newestInto(values, rule.window)
  const looksAt = Array.from(values.subarray(0, given))
  if (given < rule.window)
    return { looksAt, why: `${rule.window} values are needed, ${given} are there${keepsEnough(series, rule)}` }
  const verdict = { leftValue: 0, triggered: false }
  rule.judge.judge(values, verdict)
  const { staleAfterSeconds, minInterval } = state.settings
  const late = isLate(history.newest, series.step, now, staleAfterSeconds)
  const alarm = series.alarms?.get(rule.key)
  const oldest = history.timestampAt(rule.window - 1)
  return {
    looksAt,
    ...verdict,
    why: why(state, rule, series, verdict.triggered, oldest, late, now, minInterval, alarm),
  }
}

function why(
  state: JudgeState,
  rule: Rule,
  series: TrackedSeries,
  triggered: boolean,
  oldest: number,
  late: boolean,
  now: number,
  minInterval: number,
  alarm: Alarm | undefined,
): string {
  if (series.late && late) return `the newest point is ${now - series.history.newest} s old: kept, but not judged`
  if (alarm?.eventTime === series.history.newest) return sent(state, alarm)
  const decision = decide(alarm, triggered, rule.maxStep, oldest, now, minInterval)
  switch (decision) {
    case 'not triggered':
      return 'not triggered'
    case 'muted':
      return 'triggered, but maxStep is 0: the rule is switched off'
    case 'told often enough':
      return `triggered, and all ${rule.maxStep} events (maxStep) were made`
    case 'same points':
      return 'triggered, but points of the last event are still among those looked at'
    case 'too soon':
      return `triggered, but the last event is less than ${minInterval} s (minInterval) old`
    case 'recover':
      return 'not triggered any more: the next point makes an OK event'
    default:
      return `triggered: the next point makes a PROBLEM event, step ${decision}`
  }
}

function explainSilence(state: JudgeState, series: TrackedSeries, rule: Rule, now: number) {
  const deadline = deadlineOf(state, series, rule.silentSteps)
  const leftValue = now - series.lastArrival
  const waits = { deadline, leftValue, triggered: now >= deadline }
  if (now < deadline) return { ...waits, why: `silent for ${leftValue} s, fires at ${deadline}` }
  if (state.lastReceived < deadline)
    return { ...waits, why: 'silent, but nothing at all has come in since: the way to judge may be broken' }
  return { ...waits, why: rule.maxStep === 0 ? 'silent, but maxStep is 0: the rule is switched off' : 'silent' }
}

function sent(state: JudgeState, alarm: Alarm): string {
  const event = `the newest point made the event ${alarm.status} step ${alarm.step}`
  if (!state.settings.sendEvents) return `${event}, not sent because alarm.enabled is false`
  if (!Number.isFinite(alarm.leftValue)) return `${event}, not sent because its left value is ${alarm.leftValue}`
  return state.outbox.waiting > 0 ? `${event}; ${state.outbox.waiting} events wait for the queue` : event
}

function keepsEnough(series: TrackedSeries, rule: Rule): string {
  const room = series.history.gauge ? series.history.capacity : series.history.capacity - 1
  return room < rule.window ? `, and historyLimit keeps only ${room}: it never fires` : ''
}

function stateOf(alarm: Alarm | undefined): string {
  return alarm?.status ?? 'OK'
}

function lastEvent(alarm: Alarm | undefined): unknown {
  if (!alarm) return null
  const { status, step, eventTime, leftValue, reason } = alarm
  return { status, step, eventTime, leftValue, ...(reason !== undefined && { reason }) }
}
