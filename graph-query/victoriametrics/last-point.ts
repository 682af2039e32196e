import { rateReach } from '../store/layout.ts'
import type { LastPoint } from '../store/types.ts'
import type { VictoriametricsClient } from './client.ts'
import type { Clock } from './clock.ts'
import { selectorOf } from './series-labels.ts'
import type { Variant } from './series-labels.ts'

/** The newest two points of a series that are not ahead of the clock; when all are, the newest two. */
export async function readLastPoint(
  client: VictoriametricsClient,
  clock: Clock,
  { endpoint, counter }: { readonly endpoint: string; readonly counter: string },
  { kind, step }: Variant,
): Promise<LastPoint | undefined> {
  const selector = selectorOf({ endpoint, counter, dstype: kind, step: String(step) })
  const { start, end } = clock.everything()
  const latest = clock.now() + step
  const reach = rateReach(step) * step
  let points: [time: number, value: number][] = []
  // Live series have both in the first span; a second point further back than a rate reaches is of no use.
  for (const back of [Math.max(600, 3 * step), 2 * reach, end - start]) {
    const [samples] = await client.export([selector], { start: Math.max(start, clock.now() - back), end })
    points = (samples?.times ?? []).map((time, i) => [time, samples?.values[i] ?? NaN])
    const past = points.filter(([time]) => time <= latest).length
    if (past >= 2 || (past === 1 && back > reach)) break
  }
  const past = points.filter(([time]) => time <= latest)
  const chosen = past.length > 0 ? past : points
  const [timestamp, value] = chosen.at(-1) ?? []
  if (timestamp === undefined || value === undefined) return undefined
  const before = chosen.at(-2)
  return { kind, step, timestamp, value, previous: before && { timestamp: before[0], value: before[1] } }
}
