import type { SeriesKind } from './series-record.ts'
import type { Consolidation } from './rows.ts'

/** What the store should answer, computed from nothing but the points that were sent. Slow and simple. */
export interface NaiveSeries {
  /** The last value sent for a time wins; times are aligned down to the step. */
  put(timestamp: number, value: number): void
  /** The value that stands at a time: the raw one, or the rate since the point before within a day. NaN for none. */
  step(timestamp: number): number
  /** The row of `width` steps that ends at a time. */
  row(timestamp: number, width: number, consolidation: Consolidation): number
  /** The largest value, whatever its sign, among those that a row is made of: sums are as exact as this is large. */
  size(timestamp: number, width: number): number
  has(timestamp: number): boolean
  /** The newest point before a time, undefined when there is none. */
  before(timestamp: number): { readonly timestamp: number; readonly value: number } | undefined
}

const reachSeconds = 86_400

export function createNaiveSeries(kind: SeriesKind, stepSeconds: number): NaiveSeries {
  const points = new Map<number, number>()
  let sorted: number[] | undefined

  /** One-step values, as far as they have been asked for since the last point. */
  const steps = new Map<number, number>()

  function before(timestamp: number) {
    sorted ??= [...points.keys()].toSorted((a, b) => a - b)
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < timestamp) low = middle + 1
      else high = middle
    }
    const time = sorted[low - 1]
    return time === undefined ? undefined : { timestamp: time, value: points.get(time) ?? NaN }
  }

  function compute(timestamp: number): number {
    const value = points.get(timestamp)
    if (value === undefined) return NaN
    if (kind === 'GAUGE') return value
    const earlier = before(timestamp)
    if (!earlier || timestamp - earlier.timestamp > Math.max(2 * stepSeconds, reachSeconds)) return NaN
    const rate = (value - earlier.value) / (timestamp - earlier.timestamp)
    return rate >= 0 ? rate : NaN
  }

  const series: NaiveSeries = {
    put(timestamp, value) {
      if (Number.isNaN(value)) return
      points.set(Math.floor(timestamp / stepSeconds) * stepSeconds, value)
      sorted = undefined
      steps.clear()
    },
    step(timestamp) {
      let value = steps.get(timestamp)
      if (value === undefined) steps.set(timestamp, (value = compute(timestamp)))
      return value
    },
    row(timestamp, width, consolidation) {
      const known: number[] = []
      for (let i = width - 1; i >= 0; i--) {
        const value = series.step(timestamp - i * stepSeconds)
        if (!Number.isNaN(value)) known.push(value)
      }
      if (known.length === 0) return NaN
      if (consolidation === 'MAX') return Math.max(...known)
      if (consolidation === 'MIN') return Math.min(...known)
      return known.reduce((sum, value) => sum + value, 0) / known.length
    },
    size(timestamp, width) {
      let largest = 0
      for (let i = 0; i < width; i++)
        largest = Math.max(largest, Math.abs(series.step(timestamp - i * stepSeconds)) || 0)
      return largest
    },
    has: (timestamp) => points.has(timestamp),
    before,
  }
  return series
}

/** Equal but for the last bits, which depend on the order of additions. `size` is that of the largest value added. */
export function nearlyEqual(a: number, b: number, size = 0): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  return a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b), size)
}
