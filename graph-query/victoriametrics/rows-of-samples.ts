import { rateReach } from '../store/layout.ts'
import type { GridLayout } from '../store/layout.ts'
import type { Points, PointsRequest } from '../store/history.ts'
import { oldestKept, widthFor } from '../store/history.ts'
import { columnOf, consolidateValues, createRows, ratesInPlace } from '../store/rows.ts'
import type { ExportedSeries } from './parse-export.ts'
import type { Variant } from './series-labels.ts'

/** Which rows a request is answered with, and which one-step values they are made of. */
export interface RowPlan {
  readonly width: number
  /** Seconds from row to row. */
  readonly interval: number
  readonly firstRow: number
  readonly rows: number
  /** Steps, both included; empty when `lastStep < firstStep`. Only those that may hold something. */
  readonly firstStep: number
  readonly lastStep: number
}

/** @throws RangeError when there would be more than `mostPoints` */
export function planRows(layout: GridLayout, request: PointsRequest, now: number): RowPlan {
  const width = widthFor({ layout }, request, now)
  const interval = width * layout.step
  const firstRow = Math.max(1, Math.ceil(request.start / interval))
  // Falcon: an empty range has no points, also when it begins and ends on one.
  const rows = request.start < request.end ? Math.max(0, Math.floor(request.end / interval) - firstRow + 1) : 0
  if (rows > request.mostPoints)
    throw new RangeError(`Cannot answer ${rows} points of one series: at most ${request.mostPoints} are allowed here`)
  const oldest = Math.max(firstRow, Math.floor(oldestKept({ layout }, width, now) / interval))
  return {
    width,
    interval,
    firstRow,
    rows,
    firstStep: (oldest - 1) * width + 1,
    lastStep: (firstRow + rows - 1) * width,
  }
}

/** The first second of which samples are needed: a rate also needs the point before. */
export function samplesFrom({ firstStep }: RowPlan, { kind, step }: Variant): number {
  return (kind === 'GAUGE' ? firstStep : Math.max(0, firstStep - rateReach(step))) * step
}

/** Makes rows of raw samples by the rules of our own store. */
export function rowsOfSamples(
  plan: RowPlan,
  variant: Variant,
  samples: Pick<ExportedSeries, 'times' | 'values'>,
  consolidation: PointsRequest['consolidation'],
): Points {
  const { width, interval, firstRow, rows } = plan
  const answer = new Float64Array(rows).fill(NaN)
  const points = { first: firstRow * interval, interval, values: answer }
  const steps = samples.times.map((time) => Math.floor(time / variant.step))
  const from = steps.find((step) => step >= plan.firstStep)
  const to = steps.findLast((step) => step <= plan.lastStep)
  if (from === undefined || to === undefined || to < from) return points

  const firstUsed = Math.floor((from - 1) / width)
  // Whole rows, counted from the row that the first sample falls into.
  const origin = firstUsed * width + 1
  const usedRows = Math.ceil(to / width) - firstUsed
  const values = new Float64Array(usedRows * width).fill(NaN)
  let earlier = { value: NaN, gap: 1 }
  for (const [i, step] of steps.entries()) {
    const value = samples.values[i] ?? NaN
    if (step < plan.firstStep) earlier = { value, gap: origin - step }
    else if (step <= plan.lastStep) values[step - origin] = value
  }
  if (variant.kind === 'DERIVE') ratesInPlace(values, values.length, earlier, variant.step, rateReach(variant.step))
  const made = createRows(usedRows)
  for (let row = 0; row < usedRows; row++) consolidateValues(values, row * width, width, made, row)
  answer.set(columnOf(made, consolidation), firstUsed + 1 - firstRow)
  return points
}
