import type { ProcessUse } from '../host.ts'
import { numberAt } from './bytes.ts'
import type { ProcessAnswer } from './win32.ts'

/** Four FILETIMEs and PROCESS_MEMORY_COUNTERS; how many threads there are, only the list of processes tells. */
export function parseProcessUse({ times, memory }: ProcessAnswer, threads: number): ProcessUse {
  return {
    started: numberAt(times, 0),
    cpuSeconds: (numberAt(times, 16) + numberAt(times, 24)) / 10_000_000,
    residentBytes: numberAt(memory, 16),
    threads,
  }
}
