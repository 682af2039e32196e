import { compareWithOlder } from './diff.ts'
import type { FunctionMaker } from './function.ts'

/** `pdiff(#n)`: as diff, in percent of the older value; an older value of 0 is passed over. */
export const pdiff: FunctionMaker = {
  name: 'pdiff',
  numbers: 1,
  usesOperator: true,
  make: (threshold, older) =>
    compareWithOlder(threshold, older, (newest, before) =>
      before === 0 ? undefined : ((newest - before) / before) * 100,
    ),
}
