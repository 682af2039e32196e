/** Rows side by side: entry `i` of each column is one row. NaN where nothing is known; `count` is then NaN too. */
export interface RowColumns {
  readonly average: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
  /** How many known one-step values a row stands for. */
  readonly count: Float64Array
}

export type Consolidation = 'AVERAGE' | 'MAX' | 'MIN'

export function createRows(capacity: number): RowColumns {
  return {
    average: new Float64Array(capacity),
    min: new Float64Array(capacity),
    max: new Float64Array(capacity),
    count: new Float64Array(capacity),
  }
}

export function clearRows(rows: RowColumns, from: number, to: number): void {
  rows.average.fill(NaN, from, to)
  rows.min.fill(NaN, from, to)
  rows.max.fill(NaN, from, to)
  rows.count.fill(NaN, from, to)
}

export function columnOf(rows: RowColumns, consolidation: Consolidation): Float64Array {
  if (consolidation === 'MAX') return rows.max
  return consolidation === 'MIN' ? rows.min : rows.average
}

/**
 * Copies the rows of `from[fromAt, fromAt + length)` over those of `to` at `toAt`, except where `from` says nothing. A
 * count of 0 says that the row is unknown whatever was said before.
 */
export function overlayRows(to: RowColumns, toAt: number, from: RowColumns, fromAt: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const count = from.count[fromAt + i] ?? NaN
    if (count !== count) continue
    to.average[toAt + i] = from.average[fromAt + i] ?? NaN
    to.min[toAt + i] = from.min[fromAt + i] ?? NaN
    to.max[toAt + i] = from.max[fromAt + i] ?? NaN
    to.count[toAt + i] = count > 0 ? count : NaN
  }
}

/** Makes unknown rows say so, instead of nothing. */
export function assertUnknown(rows: RowColumns, length: number): void {
  for (let i = 0; i < length; i++) if (Number.isNaN(rows.count[i])) rows.count[i] = 0
}

/** Whether any of `values[from, from + count)` is known. */
export function hasValue(values: Float64Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) {
    const value = values[i] ?? NaN
    if (value === value) return true
  }
  return false
}

/** Copies the known values of `from[fromAt, fromAt + length)` over those of `to` at `toAt`. */
export function overlayValues(
  to: Float64Array,
  toAt: number,
  from: Float64Array,
  fromAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    const value = from[fromAt + i] ?? NaN
    if (value === value) to[toAt + i] = value
  }
}

/**
 * Makes one row of `width` one-step values or of `ratio` finer rows: the average of what is known, weighted by how many
 * one-step values each part stands for; the extremes of what is known. Nothing known makes an unknown row.
 */
export function consolidateValues(values: Float64Array, from: number, width: number, to: RowColumns, at: number): void {
  let sum = 0
  let count = 0
  let min = Infinity
  let max = -Infinity
  for (let i = from; i < from + width; i++) {
    const value = values[i] ?? NaN
    if (value !== value) continue
    sum += value
    count++
    if (value < min) min = value
    if (value > max) max = value
  }
  setRow(to, at, sum, count, min, max)
}

export function consolidateRows(from: RowColumns, fromAt: number, ratio: number, to: RowColumns, at: number): void {
  let sum = 0
  let count = 0
  let min = Infinity
  let max = -Infinity
  for (let i = fromAt; i < fromAt + ratio; i++) {
    const part = from.count[i] ?? NaN
    if (part !== part) continue
    sum += (from.average[i] ?? 0) * part
    count += part
    min = Math.min(min, from.min[i] ?? NaN)
    max = Math.max(max, from.max[i] ?? NaN)
  }
  setRow(to, at, sum, count, min, max)
}

function setRow(to: RowColumns, at: number, sum: number, count: number, min: number, max: number): void {
  const known = count > 0
  // A row of equal values averages to that value, to the last bit.
  to.average[at] = !known ? NaN : min === max ? min : sum / count
  to.min[at] = known ? min : NaN
  to.max[at] = known ? max : NaN
  to.count[at] = known ? count : NaN
}

/**
 * Turns the values of an ever-growing number into rates per second, each standing at the later of its two points, in
 * place. `earlier` is the last value before the first, and how many steps before the first it stands. A decrease is a
 * reset: the rate of that step is unknown. So is a rate over more than `reach` steps.
 */
export function ratesInPlace(
  values: Float64Array,
  length: number,
  earlier: { readonly value: number; readonly gap: number },
  step: number,
  reach: number,
): void {
  let previous = earlier.value
  let distance = earlier.gap
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? NaN
    if (value !== value) {
      distance++
      continue
    }
    const rate = (value - previous) / (distance * step)
    values[i] = rate >= 0 && distance <= reach ? rate : NaN
    previous = value
    distance = 1
  }
}
