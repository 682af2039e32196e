import type { FunctionMaker } from './function.ts'
import { deviationOf, sumOf } from './mean.ts'

/** `stddev(#n)`: the newest is outside mean ± rightValue × σ of the n newest; the operator is not looked at. */
export const stddev: FunctionMaker = {
  name: 'stddev',
  numbers: 1,
  usesOperator: false,
  make: ({ rightValue }, window) => ({
    window,
    judge(values, verdict) {
      const newest = values[0] ?? 0
      const mean = sumOf(values, window) / window
      const reach = rightValue * deviationOf(values, window)
      verdict.leftValue = newest
      verdict.triggered = newest < mean - reach || newest > mean + reach
    },
  }),
}
