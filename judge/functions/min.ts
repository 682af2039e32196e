import type { FunctionMaker } from './function.ts'

/** `min(#n)`: the smallest of the n newest. */
export const min: FunctionMaker = {
  name: 'min',
  numbers: 1,
  usesOperator: true,
  make: (threshold, window) => ({
    window,
    judge(values, verdict) {
      let smallest = values[0] ?? 0
      for (let i = 1; i < window; i++) {
        const value = values[i] ?? 0
        if (smallest > value) smallest = value
      }
      verdict.leftValue = smallest
      verdict.triggered = threshold.reached(smallest)
    },
  }),
}
