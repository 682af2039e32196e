import type { AgentConfig } from './config.ts'
import { hbsPeers, transferPeers } from './peers.ts'

/** Keys whose change counts at once in any case. */
const always: readonly string[] = [
  'debug',
  'hostname',
  'ip',
  'plugin',
  'transfer.interval',
  'heartbeat.interval',
  'heartbeat.skewSeconds',
  'http.backdoor',
  'http.pushFrom',
  'http.bodyMegabytes',
  'http.runSeconds',
  'http.runKilobytes',
  'collector',
  'checks',
  'default_tags',
  'ignore',
  'trusted',
  'token',
  'selfMetrics',
]

/** Keys of the configuration whose change counts at once; the others are looked at when the agent starts. */
export function reloadable(current: AgentConfig, fresh: AgentConfig): string[] {
  // What sends or beats goes on elsewhere; it is not begun or ended while the agent runs.
  const moves = (peers: (config: AgentConfig) => string[]) => peers(current).length > 0 && peers(fresh).length > 0
  return [
    ...always,
    ...(moves(transferPeers) ? ['transfer.addrs', 'transfer.timeout'] : []),
    ...(moves(hbsPeers) ? ['heartbeat.addr', 'heartbeat.timeout'] : []),
  ]
}

/** Does once what belongs to the keys that were applied; `reactions` are by key, or by the section a key is in. */
export function react(applied: readonly string[], reactions: Readonly<Record<string, () => void>>): void {
  for (const [key, reaction] of Object.entries(reactions))
    if (applied.some((one) => one === key || one.startsWith(`${key}.`))) reaction()
}
