import type { Points } from '../store/history.ts'
import { joinRuns } from '../store/join-runs.ts'
import type { History } from '../store/types.ts'

/**
 * Whether nothing is unknown in an answer, so that no other copy of the series need be asked. Rows of the last two
 * intervals may still be on their way. `now` is in unix seconds.
 */
export function isWhole({ runs }: History, now: number): boolean {
  const [run] = runs
  if (!run || runs.length > 1) return false
  const settled = Math.floor((now - 2 * run.interval - run.first) / run.interval) + 1
  const end = Math.min(run.values.length, settled)
  for (let i = 0; i < end; i++) if (Number.isNaN(run.values[i])) return false
  return true
}

/** What two holders know of one series; where both know a point, that of `first` counts. */
export function mergeHistories(first: History, second: History): History {
  const runs = [...first.runs]
  for (const run of second.runs) {
    const i = runs.findIndex((other) => haveOneGrid(other, run))
    const known = runs[i]
    if (known) runs[i] = overlay(known, run, first.kind)
    else runs.push(run)
  }
  return { ...first, runs: runs.length > 1 ? joinRuns(runs) : runs }
}

function haveOneGrid(a: Points, b: Points): boolean {
  return a.interval === b.interval && (a.first - b.first) % a.interval === 0
}

/**
 * Two runs of one spacing as one. The first rate after a hole averages over all of it, so a rate is taken from the run
 * that also knows the one before it.
 */
function overlay(a: Points, b: Points, kind: History['kind']): Points {
  const { interval } = a
  const first = Math.min(a.first, b.first)
  const end = Math.max(endOf(a), endOf(b))
  const values = new Float64Array((end - first) / interval)
  const shiftA = (first - a.first) / interval
  const shiftB = (first - b.first) / interval
  for (let i = 0; i < values.length; i++) {
    const fromA = a.values[i + shiftA] ?? NaN
    const fromB = b.values[i + shiftB] ?? NaN
    const isAfterHole = kind === 'DERIVE' && Number.isNaN(a.values[i + shiftA - 1] ?? NaN)
    const preferB = Number.isNaN(fromA) || (isAfterHole && !Number.isNaN(b.values[i + shiftB - 1] ?? NaN))
    values[i] = preferB && !Number.isNaN(fromB) ? fromB : fromA
  }
  return { first, interval, values }
}

function endOf({ first, interval, values }: Points): number {
  return first + values.length * interval
}
