import { joinRuns } from '../store/join-runs.ts'
import type { Points } from '../store/history.ts'
import type { History, HistoryRequest, LastPoint } from '../store/types.ts'

/** Steps for which a sample may be on its way: rows as young as that are not missed yet. */
export const stepsOnTheWay = 2

/**
 * Whether another copy of the series can add nothing to this answer: every row of the range that should be known by now
 * is, and from as many points as a row stands for. `now` in unix seconds.
 */
export function isComplete(history: History | undefined, request: HistoryRequest, now: number): boolean {
  const [run, ...others] = history?.runs ?? []
  if (!history || !run || others.length > 0) return false
  const settled = Math.min(request.end, now - stepsOnTheWay * history.step)
  const rows = Math.min(run.values.length, Math.floor((settled - run.first) / run.interval) + 1)
  const width = run.interval / history.step
  for (let i = 0; i < rows; i++)
    if (Number.isNaN(run.values[i]) || (run.counts && run.counts[i] !== width)) return false
  return true
}

/**
 * What several places know of one series, as one answer. Where two know a row, the one that knows more of it counts, and
 * of equals the earlier in the list.
 */
export function mergeHistories(histories: readonly History[]): History | undefined {
  // The first that knows anything says what the series is today.
  const today = histories.find(({ runs }) => runs.some(isKnown)) ?? histories[0]
  if (!today || histories.length === 1) return today
  const ordered = [today, ...histories.filter((history) => history !== today)]
  const kinds = new Map<string, { history: History; runs: Points[] }>()
  for (const history of ordered)
    for (const run of history.runs) {
      const key = `${run.interval} ${history.kind}`
      const same = kinds.get(key)
      if (same) same.runs.push(run)
      else kinds.set(key, { history, runs: [run] })
    }
  const runs = [...kinds.values()].map(({ history, runs: parts }) => mergeRuns(parts, history.kind === 'DERIVE'))
  return { kind: today.kind, step: today.step, runs: runs.length <= 1 ? runs : joinRuns(runs) }
}

const isKnown = ({ values }: Points) => values.some((value) => !Number.isNaN(value))

/** Runs of one interval, overlaid into one that spans them all. */
function mergeRuns(runs: readonly Points[], areRates: boolean): Points {
  const [one] = runs
  if (!one) throw new RangeError('Cannot merge runs: there are none')
  if (runs.length === 1) return one
  const { interval } = one
  const filled = runs.filter(({ values }) => values.length > 0)
  const first = Math.min(...filled.map((run) => run.first))
  const last = Math.max(...filled.map((run) => run.first + (run.values.length - 1) * interval))
  if (filled.length === 0) return one
  const length = (last - first) / interval + 1
  const merged = {
    first,
    interval,
    values: new Float64Array(length).fill(NaN),
    ...(runs.some(({ counts }) => counts) && { counts: new Float64Array(length).fill(NaN) }),
  }
  for (const run of filled) {
    const at = (run.first - first) / interval
    if (merged.counts && run.counts) overlayFuller(merged.values, merged.counts, run.values, run.counts, at)
    else overlayMissing(merged.values, run.values, at, areRates)
  }
  return merged
}

/** Takes the rows that stand for more points. */
function overlayFuller(
  values: Float64Array,
  counts: Float64Array,
  from: Float64Array,
  fromCounts: Float64Array,
  at: number,
): void {
  for (const [i, count] of fromCounts.entries()) {
    const known = counts[at + i] ?? NaN
    if (Number.isNaN(count) || known >= count) continue
    values[at + i] = from[i] ?? NaN
    counts[at + i] = count
  }
}

/**
 * Takes what is not known yet. A rate that follows a gap was made over the whole gap: whoever knows the point before
 * knows it better.
 */
function overlayMissing(values: Float64Array, from: Float64Array, at: number, areRates: boolean): void {
  let afterGap = false
  for (const [i, value] of from.entries()) {
    const known = !Number.isNaN(values[at + i])
    const better = !known || (areRates && afterGap && i > 0 && !Number.isNaN(from[i - 1]))
    if (better && !Number.isNaN(value)) values[at + i] = value
    afterGap = !known
  }
}

/** The newest two points that any of these knows. */
export function newestOf(lasts: readonly LastPoint[]): LastPoint | undefined {
  const [newest] = lasts.toSorted((a, b) => b.timestamp - a.timestamp)
  if (!newest) return undefined
  const earlier = lasts
    .filter(({ kind, step }) => kind === newest.kind && step === newest.step)
    .flatMap((last) => [last, last.previous ?? []].flat())
    .filter(({ timestamp }) => timestamp < newest.timestamp)
    .toSorted((a, b) => b.timestamp - a.timestamp)[0]
  return { ...newest, previous: earlier && { timestamp: earlier.timestamp, value: earlier.value } }
}
