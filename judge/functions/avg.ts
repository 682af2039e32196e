import type { FunctionMaker } from './function.ts'
import { sumOf } from './mean.ts'

/** `avg(#n)`: the mean of the n newest. */
export const avg: FunctionMaker = {
  name: 'avg',
  numbers: 1,
  usesOperator: true,
  make: (threshold, window) => ({
    window,
    judge(values, verdict) {
      verdict.leftValue = sumOf(values, window) / window
      verdict.triggered = threshold.reached(verdict.leftValue)
    },
  }),
}
