/**
 * What an agent of ours says of itself beside its report, as the member `Health` of `Agent.ReportStatus`, which an
 * Open-Falcon hbs passes over. Times are unix seconds.
 */
export interface AgentHealth {
  /** As Node names it: `linux`, `win32`. */
  readonly system: string
  readonly started: number
  /** Samples that transfer does not have yet, bytes of them on disk, and seconds the oldest has waited there. */
  readonly waiting: number
  readonly spoolBytes: number
  readonly spoolOldest: number
  /** Samples given up since the start. */
  readonly dropped: number
  /** Seconds that this host's clock is ahead of that of hbs; null before it is known. */
  readonly skew: number | null
  /** Kinds of what is wrong, as the agent's page names them. */
  readonly wrong: readonly string[]
  readonly collectors: readonly string[]
  /** Those that fail come first. */
  readonly plugins: readonly PluginHealth[]
  /** Plugins that are not listed. */
  readonly morePlugins: number
}

export interface PluginHealth {
  readonly plugin: string
  /** When its last run ended; 0 before the first. */
  readonly last: number
  /** Exit code, or name of the signal; null when it did not start. */
  readonly exit: number | string | null
  /** Empty when all went well. */
  readonly error: string
}

/** Bytes of the JSON text; an hbs keeps no more for each of its agents. */
export const longestAgentHealth = 4096

/** Reads what claims to be one; undefined when it is none, or longer than hbs keeps. Members it does not know are left out. */
export function readAgentHealth(raw: unknown): AgentHealth | undefined {
  if (!isRecord(raw)) return undefined
  const { system, skew, wrong, collectors, plugins } = raw
  if (typeof system !== 'string' || !areTexts(wrong) || !areTexts(collectors)) return undefined
  if (!Array.isArray(plugins) || !plugins.every(isPluginHealth)) return undefined
  const number = (name: string) => (typeof raw[name] === 'number' ? raw[name] : 0)
  const health: AgentHealth = {
    system,
    started: number('started'),
    waiting: number('waiting'),
    spoolBytes: number('spoolBytes'),
    spoolOldest: number('spoolOldest'),
    dropped: number('dropped'),
    skew: typeof skew === 'number' ? skew : null,
    wrong,
    collectors,
    plugins: plugins.map(({ plugin, last, exit, error }) => ({ plugin, last, exit, error })),
    morePlugins: number('morePlugins'),
  }
  return Buffer.byteLength(JSON.stringify(health)) <= longestAgentHealth ? health : undefined
}

function isPluginHealth(raw: unknown): raw is PluginHealth {
  if (!isRecord(raw)) return false
  const { plugin, last, exit, error } = raw
  const isExit = exit === null || typeof exit === 'number' || typeof exit === 'string'
  return typeof plugin === 'string' && typeof last === 'number' && isExit && typeof error === 'string'
}

function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

function areTexts(raw: unknown): raw is string[] {
  return Array.isArray(raw) && raw.every((text) => typeof text === 'string')
}
