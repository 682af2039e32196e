export { createCounters } from './counters.ts'
export type { CounterRow, Counters } from './counters.ts'
