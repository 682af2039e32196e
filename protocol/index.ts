export type { AlarmEvent, EventStatus } from './event.ts'
export type { Reading } from './reading.ts'
export { createRing, defaultReplicas } from './ring.ts'
export type { Ring } from './ring.ts'
export { checksum, counterOf, primaryKey } from './series.ts'
export type { CounterType, Sample, Series } from './series.ts'
export type {
  Expression,
  ExpressionsAnswer,
  HostStrategies,
  StrategiesAnswer,
  Strategy,
  TemplateRef,
} from './strategy.ts'
export { compareBytes, formatTags, parseTags, sortTags } from './tags.ts'
export { crc32, crc32OfBytes } from './crc32.ts'
export { parseGoFloat } from './go-float.ts'
export { alignDown, graphItemOf, isCounterType, judgeItemOf, numberOf, refusalOf, saneTimestamp } from './item.ts'
export type { GraphItem, JudgeItem, ReceivedItem, Refusal } from './item.ts'
export { readTelnetLine } from './telnet.ts'
export type { TelnetItem, TelnetLine } from './telnet.ts'
export { readFirstJson } from './first-json.ts'
export type { FirstJson } from './first-json.ts'
