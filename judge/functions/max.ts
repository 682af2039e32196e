import type { FunctionMaker } from './function.ts'

/** `max(#n)`: the greatest of the n newest. */
export const max: FunctionMaker = {
  name: 'max',
  numbers: 1,
  usesOperator: true,
  make: (threshold, window) => ({
    window,
    judge(values, verdict) {
      let greatest = values[0] ?? 0
      for (let i = 1; i < window; i++) {
        const value = values[i] ?? 0
        if (greatest < value) greatest = value
      }
      verdict.leftValue = greatest
      verdict.triggered = threshold.reached(greatest)
    },
  }),
}
