import type { AgentStatus } from './status.ts'

/** An agent with which all is well, but for what a test changes. */
export function agentStatus(members: Partial<AgentStatus> = {}): AgentStatus {
  return {
    hostname: 'h1',
    version: '9.9',
    system: 'linux',
    startedMs: 0,
    nowMs: 3_600_000,
    stepMs: 60_000,
    send: {
      memoryItems: 0,
      spoolItems: 0,
      spoolBytes: 0,
      spoolOldestSeconds: 0,
      latencyMs: 2,
      lastDeliveryMs: 3_599_000,
      trouble: undefined,
      peer: '10.0.0.7:8433',
      addresses: ['10.0.0.7:8433'],
      spoolMaxBytes: 1000,
    },
    heartbeat: {
      addresses: ['10.0.0.5:6030'],
      peer: '10.0.0.5:6030',
      trouble: undefined,
      lastMs: 3_599_000,
      skew: { seconds: 0, withinSeconds: 0.001 },
      skewLimitSeconds: 5,
      duplicates: [],
    },
    memory: undefined,
    use: { cpuSeconds: 1, rssBytes: 50e6 },
    counts: { delivered: 5 },
    plugins: new Map(),
    pluginProblems: [],
    checks: [],
    collectors: [],
    values: [],
    ...members,
  }
}
