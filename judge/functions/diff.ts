import type { FunctionMaker, JudgeFunction } from './function.ts'
import type { Threshold } from './threshold.ts'

/** `diff(#n)`: the newest minus any of the n before it. The left value is the first difference that fired, else the last. */
export const diff: FunctionMaker = {
  name: 'diff',
  numbers: 1,
  usesOperator: true,
  make: (threshold, older) => compareWithOlder(threshold, older, (newest, before) => newest - before),
}

/** Shared with pdiff, which differs in the figure only; an older value without a figure is passed over. */
export function compareWithOlder(
  threshold: Threshold,
  older: number,
  figure: (newest: number, before: number) => number | undefined,
): JudgeFunction {
  return {
    window: older + 1,
    ...(older < 1 && { never: 'there is nothing to compare the newest value with' }),
    judge(values, verdict) {
      const newest = values[0] ?? 0
      verdict.leftValue = 0
      verdict.triggered = false
      for (let i = 1; i <= older && !verdict.triggered; i++) {
        const difference = figure(newest, values[i] ?? 0)
        if (difference === undefined) continue
        verdict.leftValue = difference
        verdict.triggered = threshold.reached(difference)
      }
    },
  }
}
