import { decide } from '../alarms/alarm.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { commit, raise } from './events.ts'
import type { JudgeState } from './state.ts'

/** Unix seconds at which a series counts as silent for `silentSteps` of its steps. */
export function deadlineOf(state: JudgeState, series: TrackedSeries, silentSteps: number): number {
  return Math.max(series.lastArrival, state.silenceCountsFrom) + silentSteps * series.step
}

/**
 * Fires the nodata rules whose deadline has passed. A host's silence is only believed while judge hears others: something
 * must have come in since the deadline. With a single watched host there are no others, then a connected transfer is
 * taken as the sign that the way to us is open.
 * @returns how many fired. @throws when the journal cannot be written; nothing has happened then.
 */
export function fireAbsent(state: JudgeState, transfersConnected: number): number {
  if (state.watched.size === 0 || state.outbox.full) return 0
  const now = Math.floor(state.now() / 1000)
  const alone = watchesOneHost(state) && transfersConnected > 0
  let fired = 0
  try {
    for (const series of state.watched) {
      if (series.history.count === 0) continue
      for (const rule of series.rules) {
        if (rule.silentSteps === 0) continue
        const deadline = deadlineOf(state, series, rule.silentSteps)
        if (now < deadline || (state.lastReceived < deadline && !alone)) continue
        const { minInterval } = state.settings
        const alarm = series.alarms?.get(rule.key)
        // As with points: it is told again when as many steps have passed anew.
        const from = now - rule.silentSteps * series.step + 1
        const decision = decide(alarm, true, rule.maxStep, from, now, minInterval)
        if (typeof decision !== 'number') continue
        const leftValue = now - series.lastArrival
        raise(state, series, { source: rule.source, status: 'PROBLEM', leftValue, step: decision, eventTime: now })
        fired++
      }
    }
    commit(state)
  } catch (error) {
    state.transaction.rollback()
    throw error
  }
  return fired
}

function watchesOneHost(state: JudgeState): boolean {
  let endpoint: string | undefined
  for (const series of state.watched) {
    if (endpoint !== undefined && series.endpoint !== endpoint) return false
    endpoint = series.endpoint
  }
  return true
}
