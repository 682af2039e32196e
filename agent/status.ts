import type { CheckState } from './checks/runner.ts'
import type { CollectorTrouble } from './collectors/round.ts'
import type { HeartbeatState } from './heartbeat/start.ts'
import type { ChartData } from './history/history.ts'
import type { MemoryState } from './limits/memory-limit.ts'
import type { LastValue } from './last-values.ts'
import type { PlanProblem } from './plugins/plan.ts'
import type { PluginState } from './plugins/scheduler.ts'
import type { SelfUse } from './self-metrics.ts'
import type { SendState } from './sender/sender.ts'

/** What this agent tells about itself: on its page, to `agent status`, upwards to hbs. Times are unix milliseconds. */
export interface AgentStatus {
  readonly hostname: string
  readonly version: string
  /** As Node names it. */
  readonly system: string
  readonly startedMs: number
  readonly nowMs: number
  readonly stepMs: number
  /** Undefined when nothing is to be sent. */
  readonly send: SendStatus | undefined
  /** Undefined when this agent does not talk to hbs. */
  readonly heartbeat: HeartbeatState | undefined
  readonly use: SelfUse
  /** Undefined when the agent has no memory limit. */
  readonly memory: MemoryState | undefined
  readonly counts: Readonly<Record<string, number>>
  readonly plugins: ReadonlyMap<string, PluginState>
  readonly pluginProblems: readonly PlanProblem[]
  readonly checks: readonly CheckState[]
  /** Those in trouble only. */
  readonly collectors: readonly CollectorTrouble[]
  readonly values: readonly LastValue[]
}

export interface SendStatus extends SendState {
  /** Of the configuration. */
  readonly addresses: readonly string[]
  /** What the spool may hold. */
  readonly spoolMaxBytes: number
}

/** What the page draws besides. */
export interface AgentHour {
  readonly slotMs: number
  readonly charts: readonly ChartData[]
}

/** Samples given up since the start, whatever the reason. */
export function droppedSamples(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [name, count]) => (name.startsWith('dropped.') ? sum + count : sum), 0)
}
