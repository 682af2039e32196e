import { isAbsolute, join } from 'node:path'
import { loadConfig } from '#lib/config'
import { createCounters } from '#lib/counters'
import { startHttp } from '#lib/http'
import { listenLink } from '#lib/link'
import { ledgerPage, startLedger } from '#lib/ledger'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { createRpcClient } from '#lib/rpc'
import { judgeAccounts } from './accounts.ts'
import { judgeConfig, reloadable } from './config.ts'
import type { JudgeConfig } from './config.ts'
import { createIntake } from './engine/intake.ts'
import { restoreState } from './engine/restore.ts'
import { createUpkeep } from './engine/upkeep.ts'
import { judgeRoutes } from './http/routes.ts'
import { metricNames } from './metric-names.ts'
import { startSending } from './outbox/sending.ts'
import { startRulePull } from './rules/pull.ts'
import { createRulesKeeper } from './rules/rules-file.ts'
import { createShownState, settingsOf } from './shown-state.ts'

/** A running judge. A port is undefined when its section is not enabled. */
export interface RunningJudge extends Running {
  readonly ports: { readonly rpc: number | undefined; readonly http: number | undefined }
  reload(config: JudgeConfig): Reload
}

const tickMs = 1000

/**
 * Restores what earlier runs left, then pulls rules, sends events and listens. `now` is in milliseconds.
 * `configFile` is read again by `/config/reload`.
 * @throws when a port is taken or the journal cannot be read; what was opened by then is closed again.
 */
export async function startJudge(
  initial: JudgeConfig,
  log: Logger,
  configFile: string,
  now: () => number = Date.now,
): Promise<RunningJudge> {
  let config = initial
  const counters = createCounters(now)
  const dir = isAbsolute(config.dir) ? config.dir : join(projectRoot, config.dir)
  const rulesFile = join(dir, 'rules.json')
  const opened: (() => Promise<void> | void)[] = []
  /** Last opened, first closed: no new points, then the events that we hold, then the journal. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }

  try {
    const { state, opening, producer } = await restoreState({
      dir,
      rulesFile,
      settings: settingsOf(config),
      maxWaiting: config.alarm.enabled ? config.alarm.maxWaiting : Infinity,
      counters,
      log,
      now,
    })
    opened.push(() => state.journal.close())
    // Before judge listens, and after all of its counts are done.
    const ledger = startLedger({
      module: 'judge',
      dir: join(dir, 'ledger'),
      keepDays: config.ledger.keepDays,
      accounts: () => judgeAccounts,
      counters,
      log,
      now,
    })
    opened.push(() => ledger.stop())
    const sending = config.alarm.enabled ? startSending(config, state, producer) : undefined
    if (sending) opened.push(() => sending.stop())

    const link = config.rpc.enabled
      ? await listenLink({ listen: config.rpc.listen, module: 'judge', handler: createIntake(state), log, counters })
      : undefined
    if (link) opened.push(() => link.close())
    const upkeep = createUpkeep(state, {
      connections: () => link?.connections() ?? 0,
      journalMaxBytes: config.journalMaxBytes,
      opening,
    })
    opened.push(() => upkeep.settle())

    const reload = (fresh: JudgeConfig): Reload => {
      const merged = mergeReload(config, fresh, reloadable)
      config = merged.config
      log.level = config.debug ? 'debug' : 'info'
      state.settings = settingsOf(config)
      return merged.changes
    }

    const keeper = createRulesKeeper(rulesFile, counters, log)
    const client = createRpcClient({
      addresses: config.hbs.servers,
      connectTimeoutMs: config.hbs.timeout,
      callTimeoutMs: config.hbs.callTimeout,
      log,
    })
    const pull = startRulePull({
      client,
      intervalSeconds: () => config.hbs.interval,
      historyLimit: config.historyLimit,
      current: () => state.rules,
      async taken(rules) {
        // First on disk: a start after a kill must not pass over points by older rules than those that judged before.
        if (rules !== state.rules) await keeper.save(rules)
        state.rules = rules
        upkeep.rulesConfirmed()
      },
      counters,
      log,
      now,
    })
    opened.push(async () => {
      const stopped = pull.stop()
      // Ends a call under way, so that nobody waits for it.
      await client.close()
      await stopped
    })

    const shown = createShownState({ state, pull, sending })
    const metrics = createModuleMetrics({ module: 'judge', counters, names: metricNames })
    const http = config.http.enabled
      ? await startHttp(
          {
            listen: config.http.listen,
            trust: () => ({ addresses: config.trusted, token: config.token }),
            bodyLimit: 1024 * 1024,
            pages: { '/metrics': metricsPage(metrics), '/ledger': ledgerPage(ledger, now) },
            log,
          },
          judgeRoutes({
            state,
            config: () => withoutSecrets(config),
            rows: () => counters.rows(),
            notices: () => shown.notices(),
            refusedRules: () => shown.refusedRules(),
            reload: async () => reload(loadConfig(judgeConfig, configFile).value),
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())

    const timer = setInterval(() => upkeep.tick(), tickMs)
    opened.push(() => clearInterval(timer))
    return { ports: { rpc: link?.port, http: http?.port }, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
