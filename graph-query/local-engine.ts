import { isAbsolute, join } from 'node:path'
import { parseListen } from '#lib/address'
import type { Counters } from '#lib/counters'
import { isLoopback } from '#lib/http'
import { createLinkClient, listenLink } from '#lib/link'
import type { LinkClient } from '#lib/link'
import type { Logger } from '#lib/log'
import { projectRoot } from '#lib/module'
import type { GraphQueryConfig } from './config.ts'
import type { Engine } from './engine.ts'
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

export interface LocalEngineFaces {
  /** Milliseconds. */
  readonly now: () => number
  readonly counters: Counters
  readonly log: Logger
  /** What the nodes of a cluster share. */
  readonly token: () => string
}

/** Opens the store of this node, and the way to those of the others. @throws when the store cannot be opened */
export async function openLocalEngine(config: GraphQueryConfig, faces: LocalEngineFaces): Promise<Engine> {
  const { now, counters, log, token } = faces
  const { storage } = config
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
  const { series, points: _, ...state } = store.stats()
  log.info({ series, ...state, ms: Math.round(performance.now() - started) }, 'store opened')
  const upkeep = startUpkeep(store, { syncMs: storage.syncMs, counters, log })
  showStore(counters, store)

  const local = createLocalReader(store)
  const cluster = openCluster(config, local, token, log)
  const intake = createIntake(store, counters, log)
  const access = { token, isLocal: isLoopback(parseListen(config.rpc.listen)?.host) }
  return {
    reader: cluster.reader,
    listen: (options) => listenLink({ ...options, handler: { ...intake.handler, calls: readerCalls(local, access) } }),
    notices: () => [intake.notice() ?? [], upkeep.notices(), damageNotice(store) ?? []].flat(),
    async close() {
      await cluster.close()
      upkeep.stop()
      await store.close()
    },
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
