import type { FunctionMaker } from './function.ts'
import { compareRuns } from './kdiff.ts'

/** `kpdiff(#k,n)`: as kdiff, in percent of the newer value. */
export const kpdiff: FunctionMaker = {
  name: 'kpdiff',
  numbers: 2,
  usesOperator: true,
  make: (threshold, before, newest) =>
    compareRuns(threshold, before, newest, (late, early) => ((late - early) / late) * 100),
}
