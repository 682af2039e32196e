import { readdirSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Counters } from '#lib/counters'
import { countDrops, createDestination } from '#lib/delivery'
import type { Batch, Destination } from '#lib/delivery'
import type { NumberedSeries, SampleColumns, SeriesTable } from '#lib/link'
import type { Logger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { Spool } from '#lib/spool'
import { crc32, primaryKey } from '#protocol'
import type { TransferConfig } from './config.ts'
import { spoolFoldersOf, spoolLimits } from './destinations.ts'
import type { Destinations, SectionName } from './destinations.ts'
import { sinkNames } from './sinks/sections.ts'

/** Samples in the spool of an address that is no longer configured. They go to whoever owns their series now. */
export interface Orphan {
  readonly ring: SectionName
  /** Below the spool folder; names the node and the address it was for. */
  readonly folder: string
  /** Prefix of its counters. */
  readonly counterName: string
  /** Samples that were in it at the start. */
  readonly items: number
  /** Samples that are still in it. */
  readonly left: () => number
}

export interface Orphans {
  readonly list: readonly Orphan[]
  close(): Promise<void>
}

interface Adoption {
  readonly config: TransferConfig
  /** Absolute. */
  readonly spoolDir: string
  /** Folders below it with spools of which none is configured. */
  readonly abandoned: readonly string[]
  readonly destinations: Destinations
  readonly series: SeriesTable
  readonly counters: Counters
  readonly log: Logger
}

/** Spooled samples that are given to their new owners each second, so that the present is not held up. */
const adoptedPerSecond = 50_000
const emptyCheckMs = 1000
/** The successors put on disk what is not acknowledged within a second. */
const handedOverWithinMs = 2000

/**
 * Finds the spools that no configured address owns and sends what is in them through the ring. A spool that has become
 * empty is removed. The samples of a section that is switched off stay where they are.
 */
export function adoptOrphans(adoption: Adoption): Orphans {
  const { config, spoolDir, abandoned, destinations, log } = adoption
  const adopted: { orphan: Orphan; close: () => Promise<void> }[] = []
  const served = (section: SectionName) => destinations.list.some(({ ring }) => ring === section)
  for (const ring of ['judge', 'graph', ...sinkNames] as const) {
    const configured = new Set(served(ring) ? spoolFoldersOf(config, ring) : [])
    const folders = [ring, ...abandoned.map((dir) => join(dir, ring))].flatMap((dir) =>
      foldersIn(join(spoolDir, dir)).map((name) => join(dir, name)),
    )
    for (const folder of folders) {
      if (configured.has(folder)) continue
      if (!served(ring)) {
        log.warn({ ring, folder }, 'a spool waits for its section to be enabled again')
        continue
      }
      const taken = adopt(adoption, ring, folder)
      if (taken) adopted.push(taken)
    }
  }
  return {
    list: adopted.map(({ orphan }) => orphan),
    close: async () => void (await Promise.all(adopted.map(({ close }) => close()))),
  }
}

function adopt(adoption: Adoption, ring: SectionName, folder: string) {
  const { config, spoolDir, destinations, series, counters, log } = adoption
  const dir = join(spoolDir, folder)
  const counterName = `${ring}.removed.${folder.replace(`${ring}${sep}`, '').replaceAll(sep, '.')}`
  const spool = openSpool({
    dir,
    ...spoolLimits(config, ring),
    log,
    onDrop: countDrops(counterName, counters),
  })
  const { items } = spool.stats()
  if (items === 0) {
    remove(spool, dir)
    return undefined
  }
  log.warn({ ring, folder, items }, 'samples of a node that left the configuration go to its successors')
  const source = createDestination({
    name: counterName,
    client: successorsOf(ring, destinations),
    spool,
    order: 'live-first',
    ackWithinMs: handedOverWithinMs,
    maxInFlight: adoptedPerSecond,
    replayPerSecond: adoptedPerSecond,
    series,
    counters,
    log: log.child({ destination: folder }),
  })
  const left = () => source.stats().spooled.items
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeSource(source, spool, dir))
  const check = setInterval(() => {
    if (left() > 0) return
    clearInterval(check)
    close().then(
      () => log.info({ ring, folder }, 'all samples of a removed node were passed on'),
      (error: unknown) => log.error({ err: error, folder }, 'cannot remove an empty spool'),
    )
  }, emptyCheckMs)
  const orphan: Orphan = { ring, folder, counterName, items, left: () => (closing === undefined ? left() : 0) }
  return {
    orphan,
    close() {
      clearInterval(check)
      return close()
    },
  }
}

async function closeSource(source: Destination, spool: Spool, dir: string): Promise<void> {
  await source.close()
  if (spool.stats().items === 0) remove(spool, dir)
  else spool.close()
}

function remove(spool: Spool, dir: string): void {
  spool.close()
  rmSync(dir, { recursive: true, force: true })
}

/** A peer for a spool's replay that is nobody: it hands each sample to the destinations that own its series now. */
function successorsOf(ring: SectionName, destinations: Destinations) {
  return {
    connected: true,
    onConnect: () => undefined,
    async send(columns: SampleColumns) {
      const batches = new Set<Batch>()
      for (let i = 0; i < columns.count; i++) {
        const series = columns.series[i]
        if (series === undefined) continue
        for (const target of ownersOf(series, ring, destinations))
          batches.add(destinations.add(target, series, columns.timestamps[i] ?? 0, columns.values[i] ?? Number.NaN))
      }
      await Promise.all([...batches].map((batch) => batch.settled))
      return { taken: columns.count, refused: 0 }
    },
  }
}

function ownersOf({ endpoint, metric, tags }: NumberedSeries, ring: SectionName, destinations: Destinations) {
  return destinations.targetsOf(crc32(primaryKey(endpoint, metric, tags)), ring)
}

/** Names of the folders in a folder; none when it does not exist. */
export function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
