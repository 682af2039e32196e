import { longestAgentHealth } from '#protocol'
import type { AgentHealth, PluginHealth } from '#protocol'
import { findingsOf } from '../findings.ts'
import { droppedSamples } from '../status.ts'
import type { AgentStatus } from '../status.ts'

const longestText = 120

/** What hbs is told of this agent: as many plugins as fit, those that fail first. */
export function healthOf(status: AgentStatus): AgentHealth {
  const { send, counts } = status
  const plugins = [...status.plugins]
    .map(([plugin, { last }]) => pluginHealth(plugin, last))
    .toSorted((a, b) => Number(a.error === '') - Number(b.error === ''))
  const health: AgentHealth = {
    system: status.system,
    started: seconds(status.startedMs),
    waiting: send ? send.memoryItems + send.spoolItems : 0,
    spoolBytes: send?.spoolBytes ?? 0,
    spoolOldest: Math.round(send?.spoolOldestSeconds ?? 0),
    dropped: droppedSamples(counts),
    skew: status.heartbeat?.skew?.seconds ?? null,
    wrong: [...new Set(findingsOf(status).map(({ kind }) => kind))],
    collectors: status.collectors.slice(0, 20).map(({ collector }) => cut(collector)),
    plugins: [],
    morePlugins: plugins.length,
  }
  let room = longestAgentHealth - bytes(health)
  const listed = plugins.filter((plugin) => (room -= bytes(plugin) + 1) > 0)
  return { ...health, plugins: listed, morePlugins: plugins.length - listed.length }
}

function pluginHealth(
  plugin: string,
  last: { atMs: number; exit: number | string | undefined; error: string | undefined } | undefined,
): PluginHealth {
  return {
    plugin: cut(plugin),
    last: last ? seconds(last.atMs) : 0,
    exit: last?.exit ?? null,
    error: cut(last?.error ?? ''),
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
