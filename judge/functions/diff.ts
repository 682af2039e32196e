import type { FunctionMaker } from './function.ts'

/** `diff(#n)`: the newest minus any of the n before it. The left value is the first difference that fired, else the last. */
export const diff: FunctionMaker = {
  name: 'diff',
  numbers: 1,
  usesOperator: true,
  make: (threshold, older) => ({
    window: older + 1,
    ...(older < 1 && { never: 'there is nothing to compare the newest value with' }),
    judge(values, verdict) {
      const newest = values[0] ?? 0
      verdict.leftValue = 0
      verdict.triggered = false
      for (let i = 1; i <= older && !verdict.triggered; i++) {
        verdict.leftValue = newest - (values[i] ?? 0)
        verdict.triggered = threshold.reached(verdict.leftValue)
      }
    },
  }),
}
