export { readAgentHeartbeat, readAgentReport, readNullRequest } from './agent.ts'
export type {
  AgentHeartbeatRequest,
  AgentPluginsResponse,
  AgentReportAnswer,
  AgentReportRequest,
  BuiltinMetric,
  BuiltinMetricResponse,
  NullRpcRequest,
  SimpleRpcResponse,
} from './agent.ts'
export { longestAgentHealth, readAgentHealth } from './agent-health.ts'
export type { AgentHealth, PluginHealth } from './agent-health.ts'
export { checkMetrics } from './check-metrics.ts'
export { formatEvent } from './event.ts'
export type { AlarmEvent, EventStatus } from './event.ts'
export { decodeGo, foldName, goAny, goInt64, goPointers, goString, goStruct, wellFormed } from './go-decode.ts'
export type { GoSource, GoType } from './go-decode.ts'
export { goJson } from './go-encode.ts'
export { JsonScanner } from './json-scanner.ts'
export type { Scan } from './json-scanner.ts'
export { elementsAt, endOfValue, kindAt, membersAt, skipBlanks } from './json-text.ts'
export type { JsonKind, JsonPart } from './json-text.ts'
export { readMetricValues } from './metric-values.ts'
export type { RawItem } from './metric-values.ts'
export type { RawArgument } from './raw-argument.ts'
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
export { formatFixed, graphFloat, readableFloat } from './fixed-float.ts'
export { readFirstJson } from './first-json.ts'
export type { FirstJson } from './first-json.ts'
export { textOfUtf8 } from './utf8.ts'
