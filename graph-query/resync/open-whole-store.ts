import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Counters } from '#lib/counters'
import type { GraphQueryConfig } from '../config.ts'
import { openStore } from '../store/store.ts'
import { takeIn } from '../store/take-in.ts'
import type { Store, StoreOptions } from '../store/types.ts'
import { readMark } from './history-mark.ts'
import { asideFolder, holdsNothing } from './place-copy.ts'
import { prepareResync } from './resync.ts'
import type { SiblingLinks } from './siblings.ts'
import { openWaitingRoom } from './waiting-room.ts'

export interface HistoryFaces extends SiblingLinks {
  /** Links of the other copies of this node. */
  readonly siblings: readonly string[]
  readonly counters: Counters
  /** Milliseconds. */
  readonly now: () => number
}

/**
 * Opens the store of this node; one whose disk is new is first copied from another copy of the node. What this node had
 * stored itself, since it was started without its history, is then put to the copy. Meanwhile the node's ports say so.
 * @throws when the store cannot be opened
 */
export async function openWholeStore(
  config: GraphQueryConfig,
  options: StoreOptions & { readonly mostSeries: number },
  faces: HistoryFaces,
): Promise<Store> {
  const { dir } = options
  const resync = prepareResync({ ...faces, dir, waitMs: config.storage.resyncWaitSeconds * 1000 })
  const room = resync.isNeeded
    ? await openWaitingRoom(
        config,
        () => resync.says(),
        () => holdsNothing(dir),
        faces,
      )
    : undefined
  try {
    await resync.run()
    const started = performance.now()
    const store = await openStore(options)
    const { series, points: _, ...state } = store.stats()
    faces.log.info({ series, ...state, ms: Math.round(performance.now() - started) }, 'store opened')
    await takeInAside(store, options, faces)
    return store
  } finally {
    await room?.close()
  }
}

async function takeInAside(
  store: Store,
  options: StoreOptions & { readonly mostSeries: number },
  { log, counters }: HistoryFaces,
): Promise<void> {
  const aside = asideFolder(options.dir)
  if (!existsSync(aside)) return
  try {
    const samples = await takeIn(aside, store, options)
    counters.add('ResyncOwnSamplesCnt', samples)
    log.info({ samples }, 'took in what this node had stored before the copy')
    const now = options.now()
    if (readMark(aside).begins > now - (options.rawRetentionSeconds ?? 0)) return await rm(aside, { recursive: true })
    const kept = join(options.dir, `taken-in-${now}`)
    await rename(aside, kept)
    log.warn({ kept }, 'kept the store of before, since its archives reach back further than raw points')
  } catch (error) {
    await store.close()
    throw error
  }
}
