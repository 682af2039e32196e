export { openSpool } from './open-spool.ts'
export type { Spool, SpoolDrop, SpoolOptions, SpoolRecord, SpoolStats } from './spool.ts'
