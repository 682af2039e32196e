/** Sum of the first `count` values, added in order, newest first: the last bits of a figure depend on it. */
export function sumOf(values: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i] ?? 0
  return sum
}

/** Population standard deviation of the first `count` values. */
export function deviationOf(values: Float64Array, count: number): number {
  const mean = sumOf(values, count) / count
  let squares = 0
  for (let i = 0; i < count; i++) squares += ((values[i] ?? 0) - mean) ** 2
  return Math.sqrt(squares / count)
}
