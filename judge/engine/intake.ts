import type { LinkAck, LinkHandler, SlotBatch } from '#lib/link'
import type { Series } from '#protocol'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { capacityFor } from '../series/tracked-series.ts'
import { commit } from './events.ts'
import { createPointJudge } from './judge-point.ts'
import type { PointJudge } from './judge-point.ts'
import { bind } from './state.ts'
import type { JudgeState } from './state.ts'

/** One series of one connection. */
export interface JudgeSlot {
  readonly series: Series
  /** What it leads to; undefined while no rule wants it. */
  tracked: TrackedSeries | undefined
  /** Rule set version at which `tracked` was looked for. */
  version: number
  /** A series that cannot be kept is refused, whatever comes for it. */
  readonly refused: boolean
}

/** Longer names are refused; the journal gives a length two bytes. */
const maxNameBytes = 4096

/** After a start without rules of an earlier run, points are left to the sender for so long: hbs is about to answer. */
const waitForRulesSeconds = 10

/**
 * The way of every sample: slot → ring of recent points → compiled functions. A batch is acknowledged when the journal
 * has it; when the journal cannot take it, nothing of it has happened and the sender keeps it.
 */
export function createIntake(state: JudgeState): LinkHandler<JudgeSlot> {
  const judge = createPointJudge(state)
  return {
    define: (series) => ({ series, tracked: undefined, version: 0, refused: !isSane(series) }),
    take(batch) {
      try {
        return takeBatch(state, judge, batch)
      } catch (error) {
        state.counters.add('batches.rejected')
        return Promise.reject(error)
      }
    },
  }
}

function takeBatch(state: JudgeState, judge: PointJudge, batch: SlotBatch<JudgeSlot>): LinkAck {
  const { counters, outbox, settings, transaction } = state
  if (outbox.full) throw new Error(`Cannot take points: ${outbox.waiting} events wait for the queue`)
  const now = Math.floor(state.now() / 1000)
  if (state.rules.version === 0 && now - state.startedAt < waitForRulesSeconds)
    throw new Error('Cannot take points: the rules are not known yet')
  heardFromTransfer(state, now)
  let [judged, late, stale, unmatched, refused] = [0, 0, 0, 0, 0]
  try {
    for (let i = 0; i < batch.count; i++) {
      const slot = batch.slots[i]
      const timestamp = batch.timestamps[i] ?? 0
      if (slot === undefined || slot.refused || !(timestamp > 0 && Number.isSafeInteger(timestamp))) {
        refused++
        continue
      }
      let series = slot.tracked
      const version = series === undefined ? slot.version : series.version
      if (version !== state.rules.version) series = find(state, slot)
      if (series === undefined) {
        unmatched++
        continue
      }
      const { history } = series
      if (history.count > 0 && timestamp <= history.newest) {
        stale++
        continue
      }
      series.lastArrival = now
      transaction.point(series, timestamp, batch.values[i] ?? 0, slot.series.counterType, slot.series.step)
      if (isLate(timestamp, slot.series.step, now, settings.staleAfterSeconds)) {
        series.late = true
        judge.arrived(series, timestamp)
        late++
      } else {
        series.late = false
        judge.point(series, timestamp, now)
        judged++
      }
    }
    commit(state)
  } catch (error) {
    transaction.rollback()
    throw error
  }
  counters.add('received', batch.count)
  if (judged > 0) counters.add('judged', judged)
  if (late > 0) counters.add('late', late)
  if (stale > 0) counters.add('stale', stale)
  if (unmatched > 0) counters.add('unmatched', unmatched)
  if (refused > 0) counters.add('refused', refused)
  return { taken: batch.count - refused, refused }
}

/** After a time in which nobody sent anything, the silence of a host says nothing until it had its full time again. */
function heardFromTransfer(state: JudgeState, now: number): void {
  let longestStep = 0
  if (now - state.lastReceived > 30)
    for (const series of state.watched) longestStep = Math.max(longestStep, series.step)
  if (longestStep > 0 && now - state.lastReceived > 1.5 * longestStep) state.silenceCountsFrom = now
  state.lastReceived = now
}

/** Late is not wrong: an old point fills the history, but what it says about the past opens no alarm now. */
export function isLate(timestamp: number, step: number, now: number, staleAfterSeconds: number): boolean {
  return staleAfterSeconds > 0 && now - timestamp > Math.max(staleAfterSeconds, 3 * step)
}

/** Looks a slot's series up under the current rules, and begins to track it when they want it. */
function find(state: JudgeState, slot: JudgeSlot): TrackedSeries | undefined {
  const { endpoint, metric, tags, counterType, step } = slot.series
  slot.version = state.rules.version
  const rules = state.rules.rulesFor(endpoint, metric, tags)
  let series = state.registry.get(endpoint, metric, tags)
  if (rules.length === 0) {
    // Its alarms are closed and it is dropped by the sweep; until then it takes no points.
    slot.tracked = undefined
    return undefined
  }
  if (!series) {
    const capacity = capacityFor(rules, state.settings.remain, state.settings.historyLimit)
    series = createSeries(endpoint, metric, tags, counterType, step, state.histories.take(capacity))
    state.registry.add(series)
  }
  bind(state, series, rules)
  slot.tracked = series
  return series
}

export function createSeries(
  endpoint: string,
  metric: string,
  tags: string,
  counterType: Series['counterType'],
  step: number,
  history: TrackedSeries['history'],
): TrackedSeries {
  history.gauge = counterType === 'GAUGE'
  return {
    endpoint,
    metric,
    tags,
    number: 0,
    counterType,
    step,
    history,
    rules: [],
    version: 0,
    window: 0,
    lastArrival: 0,
    late: false,
    alarms: undefined,
  }
}

function isSane({ endpoint, metric, tags, step }: Series): boolean {
  if (endpoint === '' || metric === '' || !Number.isSafeInteger(step) || step < 1 || step >= 2 ** 32) return false
  return [endpoint, metric, tags].every(
    (name) => name.length <= maxNameBytes / 4 || Buffer.byteLength(name) <= maxNameBytes,
  )
}
