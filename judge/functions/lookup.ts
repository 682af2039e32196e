import type { FunctionMaker } from './function.ts'

/** `lookup(#k,n)`: at least k of the n newest. The left value is the newest. */
export const lookup: FunctionMaker = {
  name: 'lookup',
  numbers: 2,
  usesOperator: true,
  make: (threshold, hits, window) => ({
    window,
    ...((hits < 1 || hits > window) && { never: `${hits} of ${window} values can never be reached` }),
    judge(values, verdict) {
      verdict.leftValue = values[0] ?? 0
      let found = 0
      for (let i = 0; i < window && found < hits; i++) if (threshold.reached(values[i] ?? 0)) found++
      verdict.triggered = hits > 0 && found === hits
    },
  }),
}
