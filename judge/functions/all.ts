import type { FunctionMaker } from './function.ts'

/** `all(#n)`: every one of the n newest. The left value is the newest. */
export const all: FunctionMaker = {
  name: 'all',
  numbers: 1,
  usesOperator: true,
  make: (threshold, window) => ({
    window,
    judge(values, verdict) {
      verdict.leftValue = values[0] ?? 0
      let i = 0
      while (i < window && threshold.reached(values[i] ?? 0)) i++
      verdict.triggered = i === window
    },
  }),
}
