import { isAbsolute, join } from 'node:path'
import { parseListen } from '#lib/address'
import type { Counters } from '#lib/counters'
import { isLoopback } from '#lib/http'
import { listenLink } from '#lib/link'
import type { Logger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { openCluster, siblingsOf } from './cluster.ts'
import type { GraphQueryConfig } from './config.ts'
import type { Engine } from './engine.ts'
import { createIntake } from './intake.ts'
import { createLocalReader } from './reader/local-reader.ts'
import { readerCalls } from './reader/wire.ts'
import { createCopyGiver } from './resync/copy-giver.ts'
import { openWholeStore } from './resync/open-whole-store.ts'
import { watchHistory } from './resync/watch-history.ts'
import type { Store, StoreEvent } from './store/types.ts'
import { startUpkeep } from './upkeep.ts'

export interface LocalEngineFaces {
  /** Milliseconds. */
  readonly now: () => number
  readonly counters: Counters
  readonly log: Logger
  /** What the nodes of a cluster share. */
  readonly token: () => string
}

/** How often copies that were away at the start are asked whether they know more than this one. */
const watchEveryMs = 5000

/** Opens the store of this node, and the way to those of the others. @throws when the store cannot be opened */
export async function openLocalEngine(config: GraphQueryConfig, faces: LocalEngineFaces): Promise<Engine> {
  const { now, counters, log, token } = faces
  const { storage } = config
  const dir = isAbsolute(storage.dir) ? storage.dir : join(projectRoot, storage.dir)
  const siblings = siblingsOf(config)
  const links = { token, callTimeoutMs: config.callTimeout, log }
  const options = {
    dir,
    now: () => Math.floor(now() / 1000),
    archives: storage.archives,
    rawRetentionSeconds: storage.rawDays * 86_400,
    lateSeconds: storage.lateSeconds,
    expireSeconds: storage.expireDays * 86_400,
    strict: storage.strict,
    headBytes: storage.headMegabytes * 2 ** 20,
    mostSeries: storage.mostSeries,
    onEvent: (event: StoreEvent) => log.warn(event, 'the store reports'),
  }
  const store = await openWholeStore(config, options, { ...links, siblings, counters, now })
  const upkeep = startUpkeep(store, { syncMs: storage.syncMs, maintainMs: storage.maintainMs, counters, log })
  showStore(counters, store)

  const local = createLocalReader(store)
  const cluster = openCluster({ config, local, token, log, now: () => Math.floor(now() / 1000) })
  const intake = createIntake(store, counters, log)
  const access = { token, isLocal: isLoopback(parseListen(config.rpc.listen)?.host) }
  const history = await watchHistory({ ...links, dir, siblings, everyMs: watchEveryMs })
  const giver = createCopyGiver({
    dir,
    access,
    begins: history.begins,
    bytes: () => store.stats().segmentBytes + store.stats().walBytes,
    bytesPerSecond: storage.copyMegabytes * 1e6,
    counters,
    log,
  })
  const calls = { ...readerCalls(local, access), ...giver.calls }
  return {
    reader: cluster.reader,
    own: local,
    nodeOf: (endpoint, counter) => cluster.nodeOf(endpoint, counter),
    listen: (link) => listenLink({ ...link, handler: { ...intake.handler, calls } }),
    notices: () => [intake.notice() ?? [], upkeep.notices(), damageNotice(store) ?? [], history.notices()].flat(),
    async close() {
      await cluster.close()
      await history.close()
      await giver.close()
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
