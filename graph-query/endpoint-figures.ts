import { setImmediate } from 'node:timers/promises'
import type { EndpointFigures } from '#lib/ledger'
import type { OnMissing, Reader } from './reader/reader.ts'

const mostSeries = 10_000
const seriesPerTurn = 20

/** Points of one step that are not there, in the series of an endpoint. */
interface Gaps {
  missing: number
  /** Unix seconds of the first and the last of them. */
  first: number
  last: number
}

/**
 * What this node has of an endpoint between two moments (unix seconds), read from the store itself. A series is expected to
 * have a point each step from its first one in the period on. Where the period is longer than raw points are kept, coarser
 * rows are counted. The first rate of a COUNTER has nothing before it.
 */
export async function endpointFigures(
  reader: Pick<Reader, 'endpoints' | 'searchCounters' | 'history'>,
  endpoint: string,
  since: number,
  now: number,
): Promise<EndpointFigures> {
  const [found] = await reader.endpoints([endpoint], refuse)
  if (!found) return { 'stored points': 0 }
  const search = { endpointIds: [found.id], metricQuery: '.*', page: 1, limit: mostSeries }
  const counters = await reader.searchCounters(search, refuse)
  let points = 0
  let series = 0
  const gaps: Gaps = { missing: 0, first: Infinity, last: 0 }
  for (const [index, { counter, step }] of counters.entries()) {
    if (index % seriesPerTurn === seriesPerTurn - 1) await setImmediate()
    // A point of the step under way may be on its way still.
    const range = { start: since, end: now - step, mostPoints: Math.ceil((now - since) / step) + 2 }
    if (range.end <= since) continue
    const history = await reader.history({ endpoint, counter, consolidation: 'AVERAGE', ...range }, refuse)
    const times = history?.runs.flatMap(({ first, interval, values }) =>
      [...values].flatMap((value, i) => (Number.isNaN(value) ? [] : [first + i * interval])),
    )
    if (!times?.length) continue
    series++
    points += times.length
    addGaps(gaps, times, history?.runs[0]?.interval ?? step, range.end)
  }
  return {
    series,
    'stored points': points,
    'expected points': points + gaps.missing,
    'never arrived': gaps.missing === 0 ? 0 : `${gaps.missing} (${timeText(gaps.first)} to ${timeText(gaps.last)})`,
    'last point': timeText(found.timestamp),
  }
}

const refuse: OnMissing = (error) => {
  throw error
}

/** `times` ascend. */
function addGaps(gaps: Gaps, times: readonly number[], step: number, end: number): void {
  for (const [i, time] of times.entries()) {
    const next = times[i + 1] ?? end + 1
    for (let missing = time + step; missing < next; missing += step) {
      gaps.missing++
      gaps.first = Math.min(gaps.first, missing)
      gaps.last = Math.max(gaps.last, missing)
    }
  }
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}
