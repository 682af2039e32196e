import type { PluginHealth } from '#protocol'
import type { LiveAgent } from './live-agents.ts'

/** An agent as `/agents/status` shows it. Times are unix seconds; null where nothing is known. */
export interface AgentView {
  readonly hostname: string
  readonly ip: string
  /** The same, and where its report came from if that differs. */
  readonly address: string
  readonly version: string
  readonly pluginVersion: string
  readonly lastSeen: number
  readonly silentSeconds: number
  /** Addresses of all agents that share this name; empty when it is alone. */
  readonly duplicates: readonly string[]
  readonly system: string | null
  readonly startedAt: number | null
  /** Seconds that its clock is ahead of ours. */
  readonly skew: number | null
  readonly waiting: number | null
  readonly spoolBytes: number | null
  readonly spoolOldest: number | null
  readonly dropped: number | null
  /** Kinds of what is wrong with it or its host. */
  readonly wrong: readonly string[]
  readonly collectors: readonly string[]
  readonly failingPlugins: readonly PluginHealth[]
  /** When it said all this. */
  readonly healthAt: number | null
}

export function agentView(agent: LiveAgent, nowMs: number): AgentView {
  const { report, address, seenMs, duplicates, health } = agent
  const said = health?.said
  return {
    hostname: report.hostname,
    ip: report.ip,
    address,
    version: report.agent_version,
    pluginVersion: report.plugin_version,
    lastSeen: Math.floor(seenMs / 1000),
    silentSeconds: Math.floor((nowMs - seenMs) / 1000),
    duplicates,
    system: said?.system ?? null,
    startedAt: said?.started ?? null,
    skew: said?.skew ?? null,
    waiting: said?.waiting ?? null,
    spoolBytes: said?.spoolBytes ?? null,
    spoolOldest: said?.spoolOldest ?? null,
    dropped: said?.dropped ?? null,
    wrong: said?.wrong ?? [],
    collectors: said?.collectors ?? [],
    failingPlugins: said?.plugins.filter(({ error }) => error !== '') ?? [],
    healthAt: health ? Math.floor(health.atMs / 1000) : null,
  }
}

/** The same with all of its plugins, as far as it named them. */
export function agentDetails(
  agent: LiveAgent,
  nowMs: number,
): AgentView & { plugins: readonly PluginHealth[]; morePlugins: number } {
  const said = agent.health?.said
  return { ...agentView(agent, nowMs), plugins: said?.plugins ?? [], morePlugins: said?.morePlugins ?? 0 }
}

/** `silent=SECONDS`: heard of no more recently; `trouble=1`: of those with something wrong, or a name that is not their own. */
export function agentViews(agents: Iterable<LiveAgent>, wanted: URLSearchParams, nowMs: number): AgentView[] {
  const silent = Number(wanted.get('silent') ?? 0)
  const trouble = wanted.get('trouble') === '1'
  const views: AgentView[] = []
  for (const agent of agents) {
    const view = agentView(agent, nowMs)
    if (view.silentSeconds < silent) continue
    if (trouble && view.wrong.length === 0 && view.duplicates.length === 0) continue
    views.push(view)
  }
  return views.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))
}
