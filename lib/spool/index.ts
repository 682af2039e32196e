export type { Spool, SpoolDrop, SpoolOptions, SpoolRecord, SpoolStats } from './spool.ts'
