import { joinRuns } from '../store/join-runs.ts'
import type { Points } from '../store/history.ts'
import type { Consolidation } from '../store/rows.ts'
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

/** How the coarse rows that two places know belong together. */
export interface Overlap {
  readonly consolidation: Consolidation
  /** Each point is in one place only, as when a series has moved; otherwise the places are copies of each other. */
  readonly disjoint: boolean
}

const copies: Overlap = { consolidation: 'AVERAGE', disjoint: false }

/**
 * What several places know of one series, as one answer. Of a coarse row that two know, the larger maximum or smaller
 * minimum counts; of averages that of all points where none is in both, else the one made from more, of equals the
 * earlier in the list.
 */
export function mergeHistories(histories: readonly History[], overlap: Overlap = copies): History | undefined {
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
  const runs = [...kinds.values()].map(({ history, runs: parts }) => mergeRuns(parts, history, overlap))
  return { kind: today.kind, step: today.step, runs: runs.length <= 1 ? runs : joinRuns(runs) }
}

const isKnown = ({ values }: Points) => values.some((value) => !Number.isNaN(value))

/** Runs of one interval, overlaid into one that spans them all. */
function mergeRuns(runs: readonly Points[], { kind, step }: History, overlap: Overlap): Points {
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
    if (merged.counts && run.counts) overlayRows(merged, merged.counts, run, run.counts, at, step, overlap)
    else overlayMissing(merged.values, run.values, at, kind === 'DERIVE')
  }
  return merged
}

/** Puts the rows of another place over those of `into`. */
function overlayRows(
  { values, interval }: Points,
  counts: Float64Array,
  from: Points,
  fromCounts: Float64Array,
  at: number,
  step: number,
  { consolidation, disjoint }: Overlap,
): void {
  const width = interval / step
  for (const [i, count] of fromCounts.entries()) {
    if (Number.isNaN(count)) continue
    const row = at + i
    const [known, value, other] = [counts[row] ?? NaN, values[row] ?? NaN, from.values[i] ?? NaN]
    const isShared = !Number.isNaN(known)
    const together = known + count
    // More points than a row has steps: some were sent to both.
    const sum = isShared && disjoint && together <= width
    if (isShared && consolidation === 'MAX') values[row] = Math.max(value, other)
    else if (isShared && consolidation === 'MIN') values[row] = Math.min(value, other)
    else if (sum) values[row] = (value * known + other * count) / together
    else if (!(known >= count)) values[row] = other
    if (sum) counts[row] = together
    else if (!(known >= count)) counts[row] = count
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
