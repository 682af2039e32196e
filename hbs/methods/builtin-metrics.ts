import { defineMethod } from '#lib/rpc'
import { readAgentHeartbeat } from '#protocol'
import type { BuiltinMetricResponse } from '#protocol'
import type { HbsContext } from './context.ts'

/** The ports, processes, folders and addresses an agent is to check; nothing when it has the current ones. */
export const builtinMetricsMethod = defineMethod({
  name: 'Agent.BuiltinMetrics',
  read: readAgentHeartbeat,
  handle({ Hostname, Checksum }, { snapshot, now }: HbsContext): BuiltinMetricResponse {
    if (Hostname === '') return { Metrics: null, Checksum: '', Timestamp: 0 }
    const { metrics, checksum } = snapshot().builtinMetricsOf(Hostname)
    return {
      Metrics: Checksum === checksum ? [] : [...metrics],
      Checksum: checksum,
      Timestamp: Math.floor(now() / 1000),
    }
  },
})
