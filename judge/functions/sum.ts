import type { FunctionMaker } from './function.ts'
import { sumOf } from './mean.ts'

/** `sum(#n)`: the sum of the n newest. */
export const sum: FunctionMaker = {
  name: 'sum',
  numbers: 1,
  usesOperator: true,
  make: (threshold, window) => ({
    window,
    judge(values, verdict) {
      verdict.leftValue = sumOf(values, window)
      verdict.triggered = threshold.reached(verdict.leftValue)
    },
  }),
}
