import { isAbsolute, join } from 'node:path'
import { parseListen } from '#lib/address'
import { loadConfig } from '#lib/config'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { isLoopback, startHttp } from '#lib/http'
import { createLinkClient, listenLink } from '#lib/link'
import type { LinkClient } from '#lib/link'
import type { Logger } from '#lib/log'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { graphQueryConfig, reloadable } from './config.ts'
import type { GraphQueryConfig } from './config.ts'
import { internalRoutes } from './http/internal-routes.ts'
import { queryRoutes } from './http/query-routes.ts'
import { createIntake } from './intake.ts'
import { createLocalReader } from './reader/local-reader.ts'
import type { Reader } from './reader/reader.ts'
import { createRemoteReader } from './reader/remote-reader.ts'
import { createRingReader } from './reader/ring-reader.ts'
import type { RingNode } from './reader/ring-reader.ts'
import { readerCalls } from './reader/wire.ts'
import { openStore } from './store/store.ts'
import type { Store } from './store/types.ts'
import { startUpkeep } from './upkeep.ts'

/** A running graph-query. A port is undefined when its section is not enabled. */
export interface RunningGraphQuery extends Running {
  readonly ports: {
    readonly rpc: number | undefined
    readonly http: number | undefined
    readonly query: number | undefined
  }
  readonly store: Store
  reload(config: GraphQueryConfig): Reload
}

/**
 * Opens the store, then listens for samples and questions. `configFile` is read again by `/config/reload`. `now` is in
 * milliseconds.
 * @throws when a port is taken or the store cannot be opened; what was opened by then is closed again.
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
  /** Last opened, first closed: no new samples, then the store. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }

  try {
    const started = performance.now()
    const store = await openStore({
      dir: isAbsolute(storage.dir) ? storage.dir : join(projectRoot, storage.dir),
      now: () => Math.floor(now() / 1000),
      archives: storage.archives,
      rawRetentionSeconds: storage.rawDays * 86_400,
      lateSeconds: storage.lateSeconds,
      expireSeconds: storage.expireDays * 86_400,
      strict: storage.strict,
      headBytes: storage.headMegabytes * 2 ** 20,
      mostSeries: storage.mostSeries,
      onEvent: (event) => log.warn(event, 'the store reports'),
    })
    opened.push(() => store.close())
    const { series, points: _, ...state } = store.stats()
    log.info({ series, ...state, ms: Math.round(performance.now() - started) }, 'store opened')
    const upkeep = startUpkeep(store, { syncMs: storage.syncMs, maintainMs: storage.maintainMs, counters, log })
    opened.push(() => upkeep.stop())
    showStore(counters, store)

    const local = createLocalReader(store)
    const cluster = openCluster(config, local, () => config.token, log)
    opened.push(() => cluster.close())

    const reload = (fresh: GraphQueryConfig): Reload => {
      const merged = mergeReload(config, fresh, reloadable)
      config = merged.config
      log.level = config.debug ? 'debug' : 'info'
      return merged.changes
    }
    const trust = () => ({ addresses: config.trusted, token: config.token })

    const intake = createIntake(store, counters, log)
    const access = { token: () => config.token, isLocal: isLoopback(parseListen(config.rpc.listen)?.host) }
    const link = config.rpc.enabled
      ? await listenLink({
          listen: config.rpc.listen,
          module: 'graph-query',
          handler: { ...intake.handler, calls: readerCalls(local, access) },
          log,
          counters,
        })
      : undefined
    if (link) opened.push(() => link.close())
    const http = config.http.enabled
      ? await startHttp(
          { listen: config.http.listen, trust, bodyLimit: 1024 * 1024, log },
          internalRoutes({
            config: () => withoutSecrets(config),
            rows: () => counters.rows(),
            notices: () => [intake.notice() ?? [], upkeep.notices(), damageNotice(store) ?? []].flat(),
            reload: async () => reload(loadConfig(graphQueryConfig, configFile).value),
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())
    const query = config.query.enabled
      ? await startHttp(
          { listen: config.query.listen, trust, log },
          queryRoutes({ reader: cluster.reader, counters, log, trust, limits: () => config.query }),
        )
      : undefined
    if (query) opened.push(() => query.close())

    return { ports: { rpc: link?.port, http: http?.port, query: query?.port }, store, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The reader of all nodes: this one's store alone, or a ring with this one in it. */
function openCluster(
  config: GraphQueryConfig,
  local: Reader,
  token: () => string,
  log: Logger,
): { reader: Reader; close(): Promise<void> } {
  const names = Object.keys(config.cluster)
  if (names.length === 0) return { reader: local, close: async () => undefined }
  const clients: LinkClient[] = []
  const remote = (node: string, addresses: readonly string[]) => {
    const client = createLinkClient({
      addresses,
      module: 'graph-query',
      connectTimeoutMs: Math.min(1000, config.callTimeout),
      ackTimeoutMs: config.callTimeout,
      log,
    })
    clients.push(client)
    return createRemoteReader({ node, client, timeoutMs: config.callTimeout, token })
  }
  const nodes = new Map<string, RingNode>()
  for (const [name, list] of Object.entries(config.cluster)) {
    const addresses = list.split(',').map((address) => address.trim())
    nodes.set(name, {
      reader: name === config.node ? local : remote(name, addresses),
      copies: addresses.length > 1 ? addresses.map((address) => remote(name, [address])) : [],
    })
  }
  return {
    reader: createRingReader(nodes, config.replicas),
    async close() {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

function damageNotice(store: Store): string | undefined {
  const { damagedBlocks } = store.stats()
  return damagedBlocks === 0 ? undefined : `${damagedBlocks} damaged parts were found since the start, see the log`
}

function showStore(counters: Counters, store: Store): void {
  const gauges = {
    'store.series': () => store.stats().series,
    'store.endpoints': () => store.stats().endpoints,
    'store.headBytes': () => store.stats().headBytes,
    'store.walBytes': () => store.stats().walBytes,
    'store.walFiles': () => store.stats().walFiles,
    'store.segments': () => store.stats().segments,
    'store.segmentBytes': () => store.stats().segmentBytes,
    'store.damagedBlocks': () => store.stats().damagedBlocks,
  }
  for (const [name, read] of Object.entries(gauges)) counters.gauge(name, read)
}
