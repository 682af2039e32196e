import type { FunctionMaker, JudgeFunction } from './function.ts'
import type { Threshold } from './threshold.ts'

/** `kdiff(#k,n)`: each of the n newest minus each of the k before them. The left value is the last difference taken. */
export const kdiff: FunctionMaker = {
  name: 'kdiff',
  numbers: 2,
  usesOperator: true,
  make: (threshold, before, newest) => compareRuns(threshold, before, newest, (late, early) => late - early),
}

/** Shared with kpdiff, which differs in the figure only. */
export function compareRuns(
  threshold: Threshold,
  before: number,
  newest: number,
  figure: (late: number, early: number) => number,
): JudgeFunction {
  const window = newest + before
  return {
    window,
    ...((before < 1 || newest < 1) && { never: 'both numbers must be at least 1' }),
    judge(values, verdict) {
      verdict.leftValue = 0
      verdict.triggered = false
      for (let i = 0; i < before; i++) {
        verdict.triggered = false
        // Falcon: counted from the newest although the older run is compared; a zero there ends it undecided.
        if ((values[i] ?? 0) === 0) return
        for (let j = 0; j < newest; j++) {
          verdict.leftValue = figure(values[j] ?? 0, values[window - 1 - i] ?? 0)
          verdict.triggered = threshold.reached(verdict.leftValue)
          if (!verdict.triggered) return
        }
      }
    },
  }
}
