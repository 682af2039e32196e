import type { Points } from './history.ts'

/**
 * Points of one counter that was several series in turn (its kind or step changed): at each time the rows of the series
 * that was known last, so that gaps within its time show and nothing is said twice. Where two have a row of the same time,
 * the earlier in the list counts: an order that stays the same gives the same rows, whatever is sent later. `today` is
 * the index of the series whose rows stand where nothing is known.
 */
export function joinRuns(runs: readonly Points[], today = 0): Points[] {
  const known = runs
    .flatMap((run, series) => knownTimes(run).map((time) => ({ time, series })))
    .toSorted((a, b) => a.time - b.time || b.series - a.series)
  const eras: { series: number; from: number }[] = []
  for (const { time, series } of known) {
    const era = eras.at(-1)
    if (era?.from === time && eras.length > 1) era.series = series
    else if (era?.series !== series) eras.push({ series, from: eras.length === 0 ? -Infinity : time })
  }
  if (eras.length === 0) eras.push({ series: today, from: -Infinity })
  const joined = eras.flatMap(({ series, from }, i) => {
    const run = runs[series]
    return run ? cut(run, from, eras[i + 1]?.from ?? Infinity) : []
  })
  return joined.filter((run) => run.values.length > 0)
}

function knownTimes(run: Points): number[] {
  const times: number[] = []
  for (const [i, value] of run.values.entries()) if (value === value) times.push(run.first + i * run.interval)
  return times
}

/** The points with from <= time < to. */
function cut(run: Points, from: number, to: number): Points {
  const length = run.values.length
  const start = Math.min(length, Math.max(0, Math.ceil((from - run.first) / run.interval)))
  const end = Math.min(length, Math.max(start, Math.ceil((to - run.first) / run.interval)))
  return {
    first: run.first + start * run.interval,
    interval: run.interval,
    values: run.values.subarray(start, end),
    ...(run.counts && { counts: run.counts.subarray(start, end) }),
  }
}
