import { nearlyEqual } from '../../graph-query/store/naive-model.reference.ts'
import type { NaiveSeries } from '../../graph-query/store/naive-model.reference.ts'

/** A recording of `rrd/`. */
export interface Recording {
  readonly endpoint: string
  readonly counter: string
  readonly dsType: 'GAUGE' | 'DERIVE'
  readonly step: number
  readonly inMemory: number
  readonly rrdStart?: number
  readonly points?: readonly (readonly [number, number | string])[]
  readonly pointsFormula?: { kind: string; seed: number; slots: number; sent: number; t0: number }
  readonly queries: readonly RecordedQuery[]
  readonly last: readonly [number, number]
  readonly lastRaw: readonly [number, number]
}

export interface RecordedQuery {
  readonly cf: string
  readonly start: number
  readonly end: number
  readonly t0?: number
  readonly dt?: number
  readonly values?: readonly (number | null)[]
  readonly points?: readonly (readonly [number, number | null])[]
  readonly path?: 'rrd' | 'merged'
  readonly now?: number
}

/** What was sent, and what our rules make of it. */
export interface Sent {
  readonly points: readonly (readonly [number, number])[]
  readonly model: NaiveSeries
}

/** The classes of intended differences; each is a heading of docs/rrd-differences.md. */
export const differences = [
  'gap',
  'unfinished',
  'reset',
  'silence',
  'extreme',
  'truncated',
  'unaligned',
  'kept longer',
  'earlier point',
  'memory',
  'coarse in merge',
  'any consolidation',
] as const
export type Difference = (typeof differences)[number]

const archiveRows = new Map([
  [1, 720],
  [5, 576],
  [20, 504],
  [180, 766],
  [720, 730],
])

/** Why a recorded row is not ours: `equal` when it is, `unknown` when nothing that is documented explains it. */
export function differenceOf(
  recording: Recording,
  query: RecordedQuery,
  sent: Sent,
  row: { readonly time: number; readonly value: number },
  ours: number,
): Difference | 'equal' | 'unknown' {
  const { step } = recording
  const interval = query.dt ?? step
  const { time, value: recorded } = row
  if (nearlyEqual(recorded, ours)) return 'equal'
  const newest = sent.points.at(-1)?.[0] ?? 0
  const spanFrom = time - interval

  if (recording.dsType === 'DERIVE' && query.path === 'merged' && time >= memoryStart(recording, sent) - step) {
    // The original puts a rate from memory where its earlier point is; ours stands one step later.
    if (nearlyEqual(recorded, sent.model.step(time + step))) return 'earlier point'
    if (Number.isNaN(recorded) && isOddPair(sent, time, step)) return 'gap'
  }
  const flushedOnly = time < memoryStart(recording, sent)
  if (query.path === 'merged' && (query.cf === 'MAX' || query.cf === 'MIN') && interval === step) {
    if (Number.isNaN(recorded)) return 'coarse in merge'
    if (flushedOnly && nearlyEqual(recorded, sent.model.row(time, 5, query.cf))) return 'coarse in merge'
    if (flushedOnly && hasGap(sent, time - 5 * step, time, step)) return 'gap'
  }
  if (query.path === 'merged' && !['AVERAGE', 'MAX', 'MIN'].includes(query.cf) && Number.isNaN(recorded) && flushedOnly)
    return 'any consolidation'
  if (query.path === 'rrd' && Number.isNaN(recorded) && recording.inMemory > 0 && !flushedOnly) return 'memory'
  if (Number.isNaN(recorded) && spanFrom < Math.floor(newest / interval) * interval - keptSeconds(interval, step))
    return 'kept longer'
  if (touchesUnaligned(sent, spanFrom, time, step)) return 'unaligned'
  if (touchesExtreme(recording, sent, spanFrom, time, step)) return 'extreme'
  if (recording.dsType === 'DERIVE') {
    const truncation = touchesFraction(sent, spanFrom, time)
    // Each of two points loses less than one.
    if (truncation && Math.abs(recorded - ours) < 1 / step) return 'truncated'
    if (truncation && Math.abs((Number.isNaN(recorded) ? 0 : recorded) - (ours || 0)) < 1 / step) return 'truncated'
    if (interval > step && Number.isNaN(recorded) && hasReset(sent, spanFrom, time)) return 'reset'
    if (Number.isNaN(ours) && isAfterSilence(sent, time)) return 'silence'
  }
  // A value also stands for the steps before it that were not sent, and makes a row unknown that it only ends in.
  const reaching = interval > step && Number.isNaN(recorded) ? spanFrom - step : spanFrom
  if (!hasGap(sent, reaching, time, step)) return 'unknown'
  if (interval > step && Number.isNaN(recorded) && time > newest) return 'unfinished'
  return 'gap'
}

function keptSeconds(interval: number, step: number): number {
  return (archiveRows.get(interval / step) ?? Infinity) * interval
}

/** Time of the oldest point that had not been flushed. */
function memoryStart(recording: Recording, sent: Sent): number {
  return sent.points.at(-recording.inMemory)?.[0] ?? -Infinity
}

/** Whether some step in (from, to] has no point. */
function hasGap(sent: Sent, from: number, to: number, step: number): boolean {
  for (let time = to; time > from; time -= step) if (!sent.model.has(time)) return true
  return false
}

/** The points at `time` and one step on do not make a rate: one is missing, or the value went down. */
function isOddPair(sent: Sent, time: number, step: number): boolean {
  return !sent.model.has(time + step) || !sent.model.has(time) || Number.isNaN(sent.model.step(time + step))
}

function hasReset(sent: Sent, from: number, to: number): boolean {
  const near = nearPoints(sent, from, to)
  return near.some(([time, value], i) => i > 0 && time > from && time <= to && value < (near[i - 1]?.[1] ?? -Infinity))
}

function isAfterSilence(sent: Sent, time: number): boolean {
  const before = sent.model.before(time)
  return before !== undefined && time - before.timestamp > 86_400
}

/** Points in the span and the neighbours that reach into it. */
function nearPoints(sent: Sent, from: number, to: number): readonly (readonly [number, number])[] {
  return sent.points.slice(Math.max(0, firstAfter(sent, from) - 1), firstAfter(sent, to) + 1)
}

/** Index of the first point after a time. */
function firstAfter({ points }: Sent, time: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle]?.[0] ?? Infinity) <= time) low = middle + 1
    else high = middle
  }
  return low
}

function touchesUnaligned(sent: Sent, from: number, to: number, step: number): boolean {
  return nearPoints(sent, from, to).some(([time]) => time % step !== 0)
}

function touchesExtreme(recording: Recording, sent: Sent, from: number, to: number, step: number): boolean {
  if (recording.dsType !== 'GAUGE') return false
  return nearPoints(sent, from - step, to + step).some(([, value]) => {
    const size = Math.abs(value)
    return size > 1e300 || (size > 0 && size < 1e-300)
  })
}

function touchesFraction(sent: Sent, from: number, to: number): boolean {
  return nearPoints(sent, from, to).some(([, value]) => !Number.isInteger(value))
}
