import type { AgentConfig } from './config.ts'

/** What a reload changed, as dotted names of keys: at once, or only after a restart. */
export interface Reloaded {
  readonly applied: readonly string[]
  readonly needsRestart: readonly string[]
}

/** Parts of the configuration that are looked at only when the agent starts. */
const atStartOnly = ['heartbeat', 'transfer', 'http.enabled', 'http.listen', 'collector', 'dataDir', 'spool']

/** Which keys differ between two configurations, and when the difference counts. */
export function compareConfigs(before: AgentConfig, after: AgentConfig): Reloaded {
  const old = flatten(before)
  const fresh = flatten(after)
  const changed = [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((key) => old.get(key) !== fresh.get(key))
    .toSorted()
  const late = (key: string) => atStartOnly.some((part) => key === part || key.startsWith(`${part}.`))
  return { applied: changed.filter((key) => !late(key)), needsRestart: changed.filter(late) }
}

/** Dotted names of all leaves, arrays being leaves, with their JSON text. */
function flatten(value: object, prefix = ''): Map<string, string> {
  const leaves = new Map<string, string>()
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (typeof member === 'object' && member !== null && !Array.isArray(member))
      for (const [name, text] of flatten(member, `${prefix}${key}.`)) leaves.set(name, text)
    else leaves.set(prefix + key, JSON.stringify(member))
  }
  return leaves
}
