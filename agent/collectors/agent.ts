import { gauge } from './collector.ts'
import type { Collector } from './collector.ts'

/** The sign of life on which alarms for dead hosts rest. */
export function createAgentCollector(): Collector {
  return { name: 'agent', collect: async () => [gauge('agent.alive', 1)] }
}
