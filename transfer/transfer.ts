import { getHeapStatistics } from 'node:v8'
import { isAbsolute, join } from 'node:path'
import { loadConfig } from '#lib/config'
import { createCounters } from '#lib/counters'
import { startHttp } from '#lib/http'
import { createSeriesTable } from '#lib/link'
import { ledgerPage, startLedger } from '#lib/ledger'
import type { AccountSpec } from '#lib/ledger'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload, projectRoot } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { listenRpc } from '#lib/rpc'
import { transferAccounts } from './accounts.ts'
import { reloadable } from './config-view.ts'
import { transferConfig, unservedSections } from './config.ts'
import type { TransferConfig } from './config.ts'
import { showDestinations } from './counters.ts'
import { openDestinations } from './destinations.ts'
import { createEndpointCounts, endpointFigures } from './endpoint-counts.ts'
import { transferRoutes } from './http-routes.ts'
import { createIntake } from './intake.ts'
import { metricNames } from './metric-names.ts'
import { transferMethods } from './methods/index.ts'
import { adoptOrphans } from './orphans.ts'
import { mostSeries } from './most-series.ts'
import { createRejected } from './rejected.ts'
import { createRoute } from './routes.ts'
import { createSeriesCache } from './series-cache.ts'
import type { SeriesCache } from './series-cache.ts'
import { listenTelnet } from './telnet-server.ts'
import { createTemplates } from './templates.ts'
import { createUpdateReader } from './update-reader.ts'
import { createWatches } from './watches.ts'

/** A running transfer. A port is undefined when its section is not enabled. */
export interface RunningTransfer extends Running {
  readonly ports: {
    readonly rpc: number | undefined
    readonly http: number | undefined
    readonly socket: number | undefined
  }
  reload(config: TransferConfig): Reload
}

/**
 * Opens the spools, starts the links to judges and graphs, and listens.
 * `configFile` is read again by `/config/reload`. `now` is in milliseconds.
 * @throws when a port is taken or a spool cannot be opened; what was opened by then is closed again.
 */
export async function startTransfer(
  initial: TransferConfig,
  log: Logger,
  configFile: string,
  now: () => number = Date.now,
): Promise<RunningTransfer> {
  let config = initial
  const counters = createCounters(now)
  const series = createSeriesTable()
  const spoolDir = isAbsolute(config.spool.dir) ? config.spool.dir : join(projectRoot, config.spool.dir)
  const opened: (() => Promise<void>)[] = []
  /** Last opened, first closed: no new samples, then those that we hold. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }

  try {
    let accounts: readonly AccountSpec[] = []
    const ledger = startLedger({
      module: 'transfer',
      dir: join(spoolDir, 'ledger'),
      keepDays: config.ledger.keepDays,
      accounts: () => accounts,
      counters,
      log,
      now,
    })
    // Closed last, when all counts are done.
    opened.push(async () => ledger.stop())
    const destinations = await openDestinations({ config, spoolDir, series, counters, log })
    opened.push(() => destinations.close())
    const orphans = adoptOrphans({ config, spoolDir, destinations, series, counters, log })
    opened.push(() => orphans.close())

    accounts = transferAccounts(destinations, orphans)
    const watches = createWatches((endpoint, metric) => {
      for (const route of routes.routesOf(endpoint, metric))
        route.watch = watches.of(endpoint, metric, route.series.tags)
    })
    const most = mostSeries(config.series.max, getHeapStatistics().heap_size_limit)
    const templates = createTemplates()
    const routes = createSeriesCache({
      max: most,
      create: (item) => createRoute(item, { minStep: config.minStep, series, destinations, watches }),
      forgotten({ route, template }) {
        series.forget(route.series)
        if (route.received) series.forget(route.received)
        templates.free(template)
      },
    })
    opened.push(sweepRegularly(routes, config.series.idleSeconds))
    const rejected = createRejected(counters, config.rejected.examples, now)
    const started = now()
    const counts = createEndpointCounts()
    const received = (endpoint: string, since: number) =>
      endpointFigures(counts, endpoint, { since, started, now: now() })
    const intake = createIntake({ routes, destinations, rejected, counts, counters, now })
    showDestinations(counters, destinations, routes)

    const notices = () => [
      ...unservedSections(config).map(
        (name) =>
          `${name} is enabled but its relays are not served: give ${name}.url, an address of Prometheus remote write`,
      ),
      ...orphans.list
        .map(({ ring, folder, left }) => ({ ring, folder, items: left() }))
        .filter(({ items }) => items > 0)
        .map(
          ({ ring, folder, items }) => `${items} samples of removed ${ring} spool ${folder} wait for their successors`,
        ),
      ...destinations.stats().flatMap(({ ring, node, address, diskError }) => {
        return diskError === undefined
          ? []
          : [`senders keep their samples: ${ring} ${node} at ${address} is away and ${diskError}`]
      }),
    ]
    counters.gauge('SeriesMax', () => most)
    for (const notice of notices()) log.warn({ notice }, 'started with a notice')

    const reload = (fresh: TransferConfig): Reload => {
      const { config: merged, changes } = mergeReload(config, fresh, reloadable)
      config = merged
      log.level = config.debug ? 'debug' : 'info'
      // Steps are part of the cached routes.
      if (changes.applied.includes('minStep')) routes.clear()
      return changes
    }

    const metrics = createModuleMetrics({ module: 'transfer', counters, names: metricNames })
    const rpc = config.rpc.enabled
      ? await listenRpc({
          listen: config.rpc.listen,
          methods: transferMethods,
          context: { intake },
          direct: createUpdateReader(routes, templates, intake),
          log,
          counters,
          maxRequestBytes: config.rpc.maxRequestBytes,
          requestTimeoutMs: config.rpc.requestTimeoutSeconds * 1000,
        })
      : undefined
    if (rpc) opened.push(() => rpc.close())
    const telnet = config.socket.enabled
      ? await listenTelnet({ ...config.socket, timeoutSeconds: config.socket.timeout, intake, rejected, counters, log })
      : undefined
    if (telnet) opened.push(() => telnet.close())
    const http = config.http.enabled
      ? await startHttp(
          {
            listen: config.http.listen,
            trust: () => ({ addresses: config.trusted, token: config.token }),
            bodyLimit: 64 * 1024,
            pages: { '/metrics': metricsPage(metrics), '/ledger': ledgerPage(ledger, now, received) },
            log,
          },
          transferRoutes({
            config: () => config,
            intake,
            destinations,
            rejected,
            watches,
            rows: () => counters.rows(),
            notices,
            reload: async () => reload(loadConfig(transferConfig, configFile).value),
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())

    return { ports: { rpc: rpc?.port, http: http?.port, socket: telnet?.port }, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Forgets silent series, a few thousand a turn. A series is forgotten after one to two halves of `idleSeconds` more. */
function sweepRegularly(routes: SeriesCache, idleSeconds: number): () => Promise<void> {
  let sweeping: NodeJS.Immediate | undefined
  const step = (sweep: Generator<void, void, undefined>) => {
    sweeping = sweep.next().done ? undefined : setImmediate(step, sweep)
  }
  const timer = setInterval(() => {
    if (sweeping === undefined) step(routes.sweep())
  }, idleSeconds * 500)
  timer.unref()
  return async () => {
    clearInterval(timer)
    clearImmediate(sweeping)
  }
}
