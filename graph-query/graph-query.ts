import { isAbsolute, join } from 'node:path'
import { loadConfig } from '#lib/config'
import { createCounters } from '#lib/counters'
import { startHttp } from '#lib/http'
import { ledgerPage, startLedger } from '#lib/ledger'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { graphAccounts } from './accounts.ts'
import { graphQueryConfig, reloadable } from './config.ts'
import type { GraphQueryConfig } from './config.ts'
import { endpointFigures } from './endpoint-figures.ts'
import { internalRoutes } from './http/internal-routes.ts'
import { queryRoutes } from './http/query-routes.ts'
import { openLocalEngine } from './local-engine.ts'
import { metricNames } from './metric-names.ts'
import { openVictoriametrics } from './victoriametrics/open-victoriametrics.ts'

/** A running graph-query. A port is undefined when its section is not enabled. */
export interface RunningGraphQuery extends Running {
  readonly ports: {
    readonly rpc: number | undefined
    readonly http: number | undefined
    readonly query: number | undefined
  }
  reload(config: GraphQueryConfig): Reload
}

/**
 * Opens the engine that keeps the series, then listens for samples and questions. `configFile` is read again by `/config/reload`. `now` is in
 * milliseconds.
 * @throws when a port is taken or the engine cannot be opened; what was opened by then is closed again.
 */
export async function startGraphQuery(
  initial: GraphQueryConfig,
  log: Logger,
  configFile: string,
  now: () => number = Date.now,
): Promise<RunningGraphQuery> {
  let config = initial
  const counters = createCounters(now)
  const { storage } = config
  const opened: (() => Promise<void> | void)[] = []
  /** Last opened, first closed: no new samples, then the engine. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }

  try {
    const engine =
      storage.engine === 'victoriametrics'
        ? openVictoriametrics(config, { now, counters, log })
        : await openLocalEngine(config, { now, counters, log, token: () => config.token })
    opened.push(() => engine.close())

    const reload = (fresh: GraphQueryConfig): Reload => {
      const merged = mergeReload(config, fresh, reloadable)
      config = merged.config
      log.level = config.debug ? 'debug' : 'info'
      return merged.changes
    }
    const trust = () => ({ addresses: config.trusted, token: config.token })

    const ledger = startLedger({
      module: 'graph-query',
      dir: join(isAbsolute(storage.dir) ? storage.dir : join(projectRoot, storage.dir), 'ledger'),
      keepDays: config.ledger.keepDays,
      accounts: () => graphAccounts,
      counters,
      log,
      now,
    })
    opened.push(() => ledger.stop())
    const metrics = createModuleMetrics({ module: 'graph-query', counters, names: metricNames })
    const link = config.rpc.enabled
      ? await engine.listen({ listen: config.rpc.listen, module: 'graph-query', log, counters })
      : undefined
    if (link) opened.push(() => link.close())
    const seconds = (ms: number) => Math.floor(ms / 1000)
    const stored = (endpoint: string, since: number) =>
      endpointFigures(engine.own, endpoint, seconds(since), seconds(now()))
    const pages = { '/metrics': metricsPage(metrics), '/ledger': ledgerPage(ledger, now, stored) }
    const http = config.http.enabled
      ? await startHttp(
          {
            listen: config.http.listen,
            trust,
            bodyLimit: 1024 * 1024,
            pages,
            log,
          },
          internalRoutes({
            config: () => withoutSecrets(config),
            rows: () => counters.rows(),
            notices: () => engine.notices(),
            reload: async () => reload(loadConfig(graphQueryConfig, configFile).value),
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())
    const query = config.query.enabled
      ? await startHttp(
          { listen: config.query.listen, trust, log },
          queryRoutes({
            reader: engine.reader,
            nodeOf: (endpoint, counter) => engine.nodeOf(endpoint, counter),
            archives: storage.archives,
            counters,
            log,
            trust,
            limits: () => config.query,
          }),
        )
      : undefined
    if (query) opened.push(() => query.close())

    return { ports: { rpc: link?.port, http: http?.port, query: query?.port }, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
