import { decodeGo, goAny, goString, goStruct } from './go-decode.ts'
import type { GoType } from './go-decode.ts'
import type { RawArgument } from './raw-argument.ts'
import type { Reading } from './reading.ts'

/** Argument of `Agent.ReportStatus`. Members as on the wire; what was absent is empty. */
export interface AgentReportRequest {
  Hostname: string
  IP: string
  AgentVersion: string
  PluginVersion: string
  /** Ours, in no report of Open-Falcon's agent: a text that no other running agent has. */
  Instance?: unknown
  /** Ours: an `AgentHealth`, not in every report. */
  Health?: unknown
}

/** Answer of `Agent.ReportStatus` to a report with an `Instance`; others get `code` alone. */
export interface AgentReportAnswer extends SimpleRpcResponse {
  /** The clock of hbs, unix milliseconds. */
  time: number
  /** Addresses of other agents that report under the same name. */
  duplicates: string[]
  /** Whether hbs has no `Health` of this agent. */
  healthWanted: boolean
}

/** Argument of `Agent.MinePlugins` and `Agent.BuiltinMetrics`. */
export interface AgentHeartbeatRequest {
  Hostname: string
  /** Of the metrics the agent has; `nil` before it has any. */
  Checksum: string
}

/** Argument of `Agent.TrustableIps`, `Hbs.GetStrategies`, `Hbs.GetExpressions` and `Transfer.Ping`: nothing that counts. */
export type NullRpcRequest = Record<string, never>

/** Answer of `Agent.ReportStatus` and `Transfer.Ping`: 0 is well, 1 is a report without a host's name. */
export interface SimpleRpcResponse {
  code: number
}

/** Answer of `Agent.MinePlugins`. `Timestamp` is unix seconds; an agent ignores an answer not newer than its last. */
export interface AgentPluginsResponse {
  Plugins: string[] | null
  Timestamp: number
}

export interface BuiltinMetric {
  Metric: string
  /** As the strategy gives them, for example `port=22`. */
  Tags: string
}

/** Answer of `Agent.BuiltinMetrics`; `Metrics` is empty when the agent's checksum is the current one. */
export interface BuiltinMetricResponse {
  Metrics: BuiltinMetric[] | null
  Checksum: string
  Timestamp: number
}

export const readAgentReport = readerOf(
  goStruct<AgentReportRequest>('AgentReportRequest', {
    Hostname: goString,
    IP: goString,
    AgentVersion: goString,
    PluginVersion: goString,
    Instance: goAny,
    Health: goAny,
  }),
)

export const readAgentHeartbeat = readerOf(
  goStruct<AgentHeartbeatRequest>('AgentHeartbeatRequest', { Hostname: goString, Checksum: goString }),
)

export const readNullRequest = readerOf(goStruct<NullRpcRequest>('NullRpcRequest', {}))

/** Reads a method's argument into a Go struct; nothing or null is the zero one. */
function readerOf<T>(type: GoType<T>): (raw: RawArgument) => Reading<T> {
  return (raw) =>
    raw.value === undefined || raw.value === null ? { ok: true, value: type.zero() } : decodeGo(type, raw.text())
}
