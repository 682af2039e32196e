export { labelsOf } from './labels.ts'
export type { Label, NamingRules } from './labels.ts'
export { createWriteEncoder, createWriteSeries, writeHeaders } from './write-request.ts'
export type { WriteColumns, WriteSeries } from './write-request.ts'
