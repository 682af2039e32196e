import { compareBytes } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Trust } from '#lib/http'
import type { Logger } from '#lib/log'
import type { Reload } from '#lib/module'
import { withoutPasswords } from '../checks/passwords.ts'
import type { AgentConfig } from '../config.ts'
import type { Plugin } from '../plugins/plan.ts'
import { pluginDetail } from '../plugins/report.ts'
import type { MemoryLimit } from '../limits/memory-limit.ts'
import type { PluginRepository } from '../plugins/repository.ts'
import { withoutCredentials } from '../plugins/git.ts'
import type { PluginState } from '../plugins/scheduler.ts'
import type { Intake } from '../sender/intake.ts'
import { guarded, isAllowed, noPrivilege } from './access.ts'
import { data, failure, json, message, redirect, text } from './answer.ts'
import { push } from './push.ts'
import { runCommand } from './run-command.ts'
import type { Handler, Routes } from './server.ts'
import type { AgentHour, AgentStatus } from '../status.ts'

/** What the routes that are about the agent itself need of it. */
export interface AgentFace {
  readonly version: string
  readonly pid: number
  readonly workDir: string
  readonly config: () => AgentConfig
  readonly trust: () => Trust
  /** Undefined when nothing is to be sent. */
  readonly intake: Intake | undefined
  readonly plugins: () => ReadonlyMap<string, PluginState>
  readonly memoryLimit: Pick<MemoryLimit, 'take' | 'give'>
  readonly repository: PluginRepository
  readonly trustable: () => readonly string[]
  /** What this host is made of; starts programs when it was not asked for an hour. */
  readonly inventory: () => Promise<unknown>
  readonly status: () => AgentStatus
  /** What the page draws of the last hour. */
  readonly hour: () => AgentHour
  /** Reads the configuration again. Rejects when it cannot be used; the old one then stays. */
  reload(): Promise<{ readonly fresh: AgentConfig; readonly changes: Reload }>
  exit(): void
  readonly childEnv: Readonly<Record<string, string>>
  readonly stopping: AbortSignal
  readonly counters: Counters
  readonly log: Logger
}

/** Everything but the host's state: pushing, plugins, administration, the status page. */
export function agentRoutes(agent: AgentFace): Routes {
  const { config, trust, counters } = agent
  const operatorsOnly = (handler: Handler) => guarded(trust, 200, handler)
  return {
    '/health': () => text('ok'),
    '/version': () => text(agent.version),
    '/workdir': () => data(agent.workDir),
    '/ips': () => data(agent.trustable()),
    '/system/inventory': guarded(trust, 403, async () => data(await agent.inventory())),
    '/v1/push': async (request) => {
      const { pushFrom, bodyMegabytes } = config().http
      if (pushFrom !== 'any' && !isAllowed(request, trust())) return noPrivilege(403)
      if (!agent.intake) return failure(503, 'this agent sends nothing: transfer is switched off')
      const limit = bodyMegabytes * 2 ** 20
      // One that does not say how long it is may be as long as it may be.
      const bytes = Math.min(limit, Number(request.headers['content-length'] ?? limit))
      if (!agent.memoryLimit.take(bytes))
        return failure(503, 'this agent is close to its memory limit; push again later, or less at once')
      try {
        return await push(request, agent.intake, limit)
      } finally {
        agent.memoryLimit.give(bytes)
      }
    },
    '/plugins': ({ query }) => data(shownPlugins(agent.plugins(), query.has('detail'))),
    // Open-Falcon's agent lets anybody do these two.
    '/plugin/update': guarded(trust, 403, async () => text(await agent.repository.update())),
    '/plugin/reset': guarded(trust, 403, async () => text(await agent.repository.reset())),
    '/config': guarded(trust, 403, () => data(shownConfig(config()))),
    '/config/reload': operatorsOnly(async () => {
      try {
        const { fresh, changes } = await agent.reload()
        // Falcon: the answer shows what was read; `/config` what is in force.
        return json({ msg: 'success', data: shownConfig(fresh), ...changes })
      } catch (error) {
        return message((error as Error).message)
      }
    }),
    '/exit': operatorsOnly(() => {
      agent.exit()
      return text('exiting...')
    }),
    '/run': (request) => {
      const { backdoor, runSeconds, runKilobytes } = config().http
      if (!backdoor) return text('/run disabled')
      if (!isAllowed(request, trust())) return noPrivilege(200)
      return runCommand(request, {
        limits: { seconds: runSeconds, kilobytes: runKilobytes },
        cwd: agent.workDir,
        env: agent.childEnv,
        signal: agent.stopping,
        log: agent.log,
      })
    },
    '/counter/all': () => data(counters.rows()),
    '/statistics/all': () => data(counters.rows()),
    '/status': async () => data((await import('./status-view.ts')).statusView(agent.status(), agent.pid)),
    '/values': () => data(agent.status().values),
    '/': async ({ query, headers }) => {
      // Loaded when somebody looks: most agents are never looked at.
      const [{ statusPage }, { languageOf }] = await Promise.all([
        import('./page/status-page.ts'),
        import('./page/texts.ts'),
      ])
      const language = languageOf(query.get('lang'), headers['accept-language'])
      return statusPage(agent.status(), agent.hour(), language, query.get('q') ?? '')
    },
    '/index.html': () => redirect('./'),
  }
}

/** By key, in its order. Falcon: four members each, hence more only for those who ask. */
function shownPlugins(states: ReadonlyMap<string, PluginState>, isDetailed: boolean): Record<string, Plugin> {
  const sorted = [...states].toSorted(([a], [b]) => compareBytes(a, b))
  return Object.fromEntries(sorted.map(([key, state]) => [key, isDetailed ? pluginDetail(state) : state.plugin]))
}

/** The configuration without what only this process should know. */
function shownConfig(config: AgentConfig): AgentConfig {
  const checks = config.checks.map((check) => ({
    ...check,
    tags: withoutPasswords(check.tags),
    options: Object.fromEntries(Object.keys(check.options).map((name) => [name, '***'])),
  }))
  const plugin = { ...config.plugin, git: withoutCredentials(config.plugin.git) }
  return { ...config, checks, plugin, token: config.token === '' ? '' : '***' }
}
