import type { Threshold } from './threshold.ts'

/** What a function found. One object is reused for all calls, so that judging a point allocates nothing. */
export interface Verdict {
  /** The figure an event shows as its left value. */
  leftValue: number
  triggered: boolean
}

/** A function with its numbers filled in, as `max(#3)` of one rule. Meaning of each: `judge/README.md`. */
export interface JudgeFunction {
  /** Values it looks at; a COUNTER or DERIVE needs one point more. Below 1 it never decides. */
  readonly window: number
  /** Why it can never trigger, whatever arrives; undefined when it can. */
  readonly never?: string
  /** Looks at `values[0]` (the newest) to `values[window - 1]` and writes what it found. */
  judge(values: Float64Array, verdict: Verdict): void
}

/** One member of the family: how a function is made from the numbers of its text. */
export interface FunctionMaker {
  readonly name: string
  /** Numbers it needs; more are ignored, as Open-Falcon does. */
  readonly numbers: 1 | 2
  /** Whether it compares by the rule's operator. */
  readonly usesOperator: boolean
  make(threshold: Threshold, first: number, second: number): JudgeFunction
}
