import { createCounters } from '#lib/counters'
import { loadConfig } from '#lib/config'
import { startHttp } from '#lib/http'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { listenRpc } from '#lib/rpc'
import { applySchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { createHostRows } from './agents/host-rows.ts'
import { createLiveAgents } from './agents/live-agents.ts'
import { hbsConfig, reloadable, trustedAddresses } from './config.ts'
import type { HbsConfig } from './config.ts'
import { seedDefaults } from './defaults.ts'
import { hbsRoutes } from './http-routes.ts'
import { metricNames } from './metric-names.ts'
import { hbsMethods } from './methods/index.ts'
import { startSnapshotKeeper } from './portal/snapshot-keeper.ts'
import { loadPortalTables } from './portal/tables.ts'

/** The strategies of a large fleet are one answer: 46 MB for ten thousand hosts with twenty each. */
const maxOutgoingBytes = 256 * 2 ** 20

/** A running hbs. `http` is undefined when its section is not enabled. */
export interface RunningHbs extends Running {
  readonly ports: { readonly rpc: number; readonly http: number | undefined }
  reload(config: HbsConfig): Reload
}

/**
 * Opens the portal tables and listens. A MySQL that is away does not keep it from starting: it answers why it has nothing
 * to say until the tables can be read. `configFile` is read again by `/config/reload`. `now` is in milliseconds.
 * @throws when the database file cannot be opened or a port is taken; what was opened by then is closed again.
 */
export async function startHbs(
  initial: HbsConfig,
  log: Logger,
  configFile: string,
  now: () => number = Date.now,
): Promise<RunningHbs> {
  let config = initial
  const counters = createCounters(now)
  const opened: (() => Promise<void>)[] = []
  /** Last opened, first closed: no calls any more, then the rows that wait, then the database. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }
  const reload = (fresh: HbsConfig) => {
    const merged = mergeReload(config, fresh, reloadable)
    config = merged.config
    return merged.changes
  }

  try {
    const database = openDatabase(config.database, { maxConnections: config.maxConns, maxIdle: config.maxIdle })
    opened.push(() => database.close())
    const prepare = preparation(database, config, log, now)
    const keeper = await startSnapshotKeeper({
      load: async () => {
        await prepare()
        return loadPortalTables(database)
      },
      reloadSeconds: () => config.reloadSeconds,
      counters,
      log,
      now,
    })
    opened.push(async () => keeper.stop())
    const agents = createLiveAgents({
      rows: createHostRows(database, { assetMode: config.hosts !== '', defaultGroup: config.defaultGroup }),
      counters,
      log,
      now,
      maxAgents: config.maxAgents,
      inserted: () => keeper.refreshSoon(),
    })
    opened.push(() => agents.stop())
    const metrics = createModuleMetrics({ module: 'hbs', counters, names: metricNames })
    const http = config.http.enabled
      ? await startHttp(
          { listen: config.http.listen, trust, pages: { '/metrics': metricsPage(metrics) }, log },
          hbsRoutes({
            config: () => config,
            trust,
            agents,
            keeper,
            rows: () => counters.rows(),
            now,
            reload: async () => reload(loadConfig(hbsConfig, configFile).value),
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())
    const rpc = await listenRpc({
      listen: config.listen,
      methods: hbsMethods,
      context: { agents, snapshot: () => keeper.current(), trustable: () => config.trustable, now },
      log,
      counters,
      maxOutgoingBytes,
    })
    opened.push(() => rpc.close())
    log.info({ rpc: rpc.port, http: http?.port, tables: database.name }, 'listening')
    return { ports: { rpc: rpc.port, http: http?.port }, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }

  function trust() {
    return { addresses: trustedAddresses(config), token: config.token }
  }
}

/** Makes tables and default contents before the first reading, as far as the configuration wants; done once. */
function preparation(database: Database, config: HbsConfig, log: Logger, now: () => number): () => Promise<void> {
  const embedded = database.dialect === 'sqlite'
  let done = false
  return async () => {
    if (done) return
    if (config.applySchema ?? embedded) await applySchema(database)
    if (config.seedDefaults ?? embedded) {
      const seeded = await seedDefaults(database.kysely, config.defaultGroup, Math.floor(now() / 1000))
      if (seeded) log.info({ template: 'linux-default' }, 'default group and template put in')
    }
    done = true
  }
}
