import { availableParallelism } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { loadConfig } from '#lib/config'
import type { Counters } from '#lib/counters'
import { startHttp } from '#lib/http'
import { ledgerPage } from '#lib/ledger'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload, projectRoot } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { listenRpc } from '#lib/rpc'
import { reloadable } from './config-view.ts'
import { transferConfig, unservedSections } from './config.ts'
import type { TransferConfig } from './config.ts'
import { countedSince, endpointFigures } from './endpoint-counts.ts'
import { transferRoutes } from './http-routes.ts'
import { openLanes } from './lanes/lanes.ts'
import { laneCount } from './lanes/share.ts'
import { metricNames } from './metric-names.ts'
import { listenTelnet } from './telnet-server.ts'

/** A running transfer. A port is undefined when its section is not enabled. */
export interface RunningTransfer extends Running {
  readonly ports: {
    readonly rpc: number | undefined
    readonly http: number | undefined
    readonly socket: number | undefined
  }
  reload(config: TransferConfig): Promise<Reload>
}

/**
 * Opens the lanes, which take samples to judges and graphs, and listens.
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
  const spoolDir = isAbsolute(config.spool.dir) ? config.spool.dir : join(projectRoot, config.spool.dir)
  const opened: (() => Promise<void>)[] = []
  /** Last opened, first closed: no new samples, then those that we hold. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }

  try {
    const started = now()
    const count = laneCount(config, availableParallelism())
    const lanes = await openLanes({ config, count, spoolDir, log, now })
    opened.push(() => lanes.close())
    const { intake, rejected, counters } = lanes.own

    const notices = async () => [
      ...unservedSections(config).map(
        (name) =>
          `${name} is enabled but its relays are not served: give ${name}.url, an address of Prometheus remote write`,
      ),
      ...(await lanes.notices()),
    ]
    for (const notice of await notices()) log.warn({ notice }, 'started with a notice')

    const reload = async (fresh: TransferConfig): Promise<Reload> => {
      const { config: merged, changes } = mergeReload(config, fresh, reloadable)
      config = merged
      await lanes.apply(config)
      return changes
    }

    const rpc = config.rpc.enabled
      ? await listenRpc({ ...lanes.own.rpc, listen: config.rpc.listen, deal: (socket) => lanes.deal(socket) })
      : undefined
    if (rpc) opened.push(() => rpc.close())
    const telnet = config.socket.enabled
      ? await listenTelnet({ ...config.socket, timeoutSeconds: config.socket.timeout, intake, rejected, counters, log })
      : undefined
    if (telnet) opened.push(() => telnet.close())
    const received = async (endpoint: string, since: number) => {
      const from = countedSince({ since, started, now: now() })
      return endpointFigures(await lanes.received(endpoint, from / 1000), from)
    }
    let latest: Pick<Counters, 'list'> = counters
    const metrics = metricsPage(
      createModuleMetrics({ module: 'transfer', counters: { list: () => latest.list() }, names: metricNames }),
    )
    const http = config.http.enabled
      ? await startHttp(
          {
            listen: config.http.listen,
            trust: () => ({ addresses: config.trusted, token: config.token }),
            bodyLimit: 64 * 1024,
            pages: {
              async '/metrics'() {
                latest = await lanes.counters()
                return metrics()
              },
              '/ledger': ledgerPage({ report: (since) => lanes.ledger(since) }, now, received),
            },
            log,
          },
          transferRoutes({
            config: () => config,
            intake,
            lanes,
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
