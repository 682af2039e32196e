import type { FunctionMaker } from './function.ts'

/** `pdiff(#n)`: as diff, in percent of the older value; an older value of 0 is passed over. */
export const pdiff: FunctionMaker = {
  name: 'pdiff',
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
        const before = values[i] ?? 0
        if (before === 0) continue
        verdict.leftValue = ((newest - before) / before) * 100
        verdict.triggered = threshold.reached(verdict.leftValue)
      }
    },
  }),
}
