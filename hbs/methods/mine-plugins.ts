import { defineMethod } from '#lib/rpc'
import { readAgentHeartbeat } from '#protocol'
import type { AgentPluginsResponse } from '#protocol'
import type { HbsContext } from './context.ts'

/** The plugins an agent is to run; an empty list stops all. */
export const minePlugins = defineMethod({
  name: 'Agent.MinePlugins',
  read: readAgentHeartbeat,
  handle({ Hostname }, { snapshot, now }: HbsContext): AgentPluginsResponse {
    if (Hostname === '') return { Plugins: null, Timestamp: 0 }
    return { Plugins: snapshot().pluginsOf(Hostname), Timestamp: Math.floor(now() / 1000) }
  },
})
