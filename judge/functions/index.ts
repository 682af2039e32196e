import { all } from './all.ts'
import { avg } from './avg.ts'
import { diff } from './diff.ts'
import type { FunctionMaker } from './function.ts'
import { kdiff } from './kdiff.ts'
import { kpdiff } from './kpdiff.ts'
import { lookup } from './lookup.ts'
import { max } from './max.ts'
import { min } from './min.ts'
import { pdiff } from './pdiff.ts'
import { stddev } from './stddev.ts'
import { sum } from './sum.ts'

/** Every function that judges values. `nodata` judges their absence and stands apart (`nodata.ts`). */
export const functions: readonly FunctionMaker[] = [all, max, min, sum, avg, diff, pdiff, lookup, stddev, kdiff, kpdiff]
