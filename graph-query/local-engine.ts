import { isAbsolute, join } from 'node:path'
import { parseListen } from '#lib/address'
import type { Counters } from '#lib/counters'
import { isLoopback } from '#lib/http'
import { listenLink } from '#lib/link'
import type { Logger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { openCluster } from './cluster.ts'
import type { GraphQueryConfig } from './config.ts'
import type { Engine } from './engine.ts'
import { createIntake } from './intake.ts'
import { createLocalReader } from './reader/local-reader.ts'
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
  const upkeep = startUpkeep(store, { syncMs: storage.syncMs, maintainMs: storage.maintainMs, counters, log })
  showStore(counters, store)

  const local = createLocalReader(store)
  const cluster = openCluster({ config, local, token, log, now: () => Math.floor(now() / 1000) })
  const intake = createIntake(store, counters, log)
  const access = { token, isLocal: isLoopback(parseListen(config.rpc.listen)?.host) }
  return {
    reader: cluster.reader,
    own: local,
    nodeOf: (endpoint, counter) => cluster.nodeOf(endpoint, counter),
    listen: (options) => listenLink({ ...options, handler: { ...intake.handler, calls: readerCalls(local, access) } }),
    notices: () => [intake.notice() ?? [], upkeep.notices(), damageNotice(store) ?? []].flat(),
    async close() {
      await cluster.close()
      upkeep.stop()
      await store.close()
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
