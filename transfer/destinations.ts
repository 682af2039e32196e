import { join } from 'node:path'
import type { Counters } from '#lib/counters'
import { countDrops, createDestination } from '#lib/delivery'
import type {
  Batch,
  DeliveryOrder,
  Destination,
  DestinationPeer,
  DestinationStats,
  NumberedColumns,
} from '#lib/delivery'
import { createLinkClient } from '#lib/link'
import type { NumberedSeries, SeriesTable } from '#lib/link'
import type { Logger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { Spool } from '#lib/spool'
import { createRing } from '#protocol'
import { parseCluster } from './cluster.ts'
import type { ClusterNode } from './cluster.ts'
import type { TransferConfig } from './config.ts'
import { sinksOf } from './sinks/index.ts'
import type { SinkPlan } from './sinks/index.ts'
import { sinkNames } from './sinks/sections.ts'
import type { SinkName } from './sinks/sections.ts'

export type RingName = 'judge' | 'graph'

/** The section of the configuration that a destination comes from. */
export type SectionName = RingName | SinkName

/** A destination's peer: it only sends, and is closed after the destination. */
interface Peer extends DestinationPeer {
  close(): Promise<void>
}

/** One address of one node of a ring: samples go to each address of their node. Or a sink: every sample goes there. */
export interface PlacedDestination {
  readonly ring: SectionName
  /** A sink has none: its section's name stands here. */
  readonly node: string
  /** `host:port`; of a sink also several, separated by commas, where a sample goes to one of them. */
  readonly address: string
  readonly client: Peer
  readonly destination: Destination
}

/** Every place that samples go to. A target is an index into `list`. */
export interface Destinations {
  readonly list: readonly PlacedDestination[]
  /** Targets from this one on are sinks: they get samples as received, with the time and the step that were sent. */
  readonly sinksFrom: number
  /** Targets of the series whose primary key has this CRC-32, of all sections or of one. */
  targetsOf(hash: number, section?: SectionName): readonly number[]
  /** Adds one sample to a target. The returned batch must be awaited before the sample is acknowledged. */
  add(target: number, series: NumberedSeries, timestamp: number, value: number): Batch
  /** Adds many samples to a target at once: see `Destination.addPicked`. */
  addPicked(
    target: number,
    from: NumberedColumns,
    picked: Uint32Array,
    count: number,
    into: (batch: Batch) => void,
  ): void
  stats(): (Pick<PlacedDestination, 'ring' | 'node' | 'address'> & DestinationStats)[]
  /** Settles when everything taken is acknowledged or on disk, and nothing more will be sent. */
  close(): Promise<void>
}

/** A sample that no peer acknowledged in this time is put on disk, so that no agent waits for a slow peer. */
const ackWithinMs = 1000
/** A sink that is sent small requests still gets many of them at once. */
const smallestBatch = 5000

interface Opening {
  readonly config: TransferConfig
  /** Absolute. */
  readonly spoolDir: string
  readonly series: SeriesTable
  readonly counters: Counters
  readonly log: Logger
}

/**
 * Opens the spools and starts the links of every enabled ring. Peers that are away are no error.
 * @throws when a spool folder cannot be used; the message names it.
 */
export async function openDestinations(opening: Opening): Promise<Destinations> {
  const { config } = opening
  const list: PlacedDestination[] = []
  const spools: Spool[] = []
  const placesOf = new Map<SectionName, (hash: number) => readonly number[]>()
  let everySink: readonly number[] = []

  function open(place: Place): number {
    const { placed, spool } = openOne(opening, place)
    spools.push(spool)
    return list.push(placed) - 1
  }

  function openRing(ring: RingName): void {
    const nodes = nodesOf(config, ring)
    const targets = nodes.map(({ name, addresses }) =>
      addresses.map((address) => open(ringPlace(opening, ring, name, address))),
    )
    placesOf.set(ring, createPlaces(nodes, targets, config[ring].replicas))
  }

  function openSinks(): void {
    const targets = sinksOf(config).map((plan) => ({ section: plan.section, target: open(sinkPlace(opening, plan)) }))
    for (const name of sinkNames) {
      const own = targets.filter(({ section }) => section === name).map(({ target }) => target)
      placesOf.set(name, () => own)
    }
    everySink = targets.map(({ target }) => target)
  }

  async function close(): Promise<void> {
    await Promise.all(list.map(({ destination }) => destination.close()))
    const closings = [...list.map(({ client }) => client.close()), ...spools.map(async (spool) => spool.close())]
    const failed = (await Promise.allSettled(closings)).filter(({ status }) => status === 'rejected')
    if (failed.length === 0) return
    const reasons = failed.map((one) => (one as PromiseRejectedResult).reason as unknown)
    throw new AggregateError(reasons, 'Cannot close every destination')
  }

  try {
    for (const ring of ['judge', 'graph'] as const) if (config[ring].enabled) openRing(ring)
    openSinks()
  } catch (error) {
    await close()
    throw error
  }

  const nowhere: readonly number[] = []
  const both = createPairs()
  const withSinks = createPairs()
  let flushing = false

  /** All samples that arrive in one turn of the event loop travel together. */
  function flushAfterThisTurn(): void {
    if (flushing) return
    flushing = true
    setImmediate(() => {
      flushing = false
      for (const { destination } of list) destination.flush()
    })
  }

  function placedAt(target: number): PlacedDestination {
    const placed = list[target]
    if (!placed) throw new RangeError(`Cannot add a sample to target ${target}: there are ${list.length}`)
    return placed
  }

  return {
    list,
    sinksFrom: list.length - everySink.length,
    targetsOf(hash, only) {
      const at = (section: SectionName) => placesOf.get(section)?.(hash) ?? nowhere
      return only === undefined ? withSinks(both(at('judge'), at('graph')), everySink) : at(only)
    },
    add(target, series, timestamp, value) {
      flushAfterThisTurn()
      return placedAt(target).destination.add(series, timestamp, value)
    },
    addPicked(target, from, picked, count, into) {
      flushAfterThisTurn()
      placedAt(target).destination.addPicked(from, picked, count, into)
    },
    stats: () =>
      list.map(({ ring, node, address, destination }) => ({
        ring,
        node,
        address,
        ...destination.stats(),
      })),
    close,
  }
}

export function nodesOf(config: TransferConfig, ring: RingName): readonly ClusterNode[] {
  const nodes = parseCluster(config[ring].cluster)
  if (!nodes.ok) throw new Error(`Cannot use ${ring}.cluster: ${nodes.reason}`)
  return nodes.value
}

/** Folder of a destination's spool below the spool folder, readable and safe on every file system. */
export function spoolFolder(section: SectionName, node: string, address: string): string {
  return join(section, `${encodeURIComponent(node).replaceAll('.', '%2E')}@${address.replaceAll(/[:/]/g, '_')}`)
}

/** The folders below a section's that its configured destinations own. */
export function spoolFoldersOf(config: TransferConfig, section: SectionName): readonly string[] {
  if (section === 'judge' || section === 'graph')
    return nodesOf(config, section).flatMap(({ name, addresses }) =>
      addresses.map((address) => spoolFolder(section, name, address)),
    )
  return sinksOf(config)
    .filter((plan) => plan.section === section)
    .map(({ key }) => spoolFolder(section, section, key))
}

/** Limits of the spools of a section: its own where it has them, else the common ones. */
export function spoolLimits(config: TransferConfig, section: SectionName) {
  const own = config[section].spool
  return {
    maxBytes: own.maxBytes ?? config.spool.maxBytes,
    maxAgeSeconds:
      own.maxAgeSeconds ?? (section === 'judge' ? config.judge.spoolMaxAgeSeconds : config.spool.maxAgeSeconds),
  }
}

/** Where live samples wait for spooled ones, these follow as fast as they can unless the section says otherwise. */
function replayOf(config: TransferConfig, section: SectionName, order: DeliveryOrder): number {
  return config[section].spool.replayPerSecond ?? (order === 'strict' ? Infinity : config.spool.replayPerSecond)
}

function createPlaces(nodes: readonly ClusterNode[], targets: readonly number[][], replicas: number) {
  const names = nodes.map(({ name }) => name)
  const ring = createRing(names, replicas)
  const ofNode = ring.nodes.map((name) => targets[names.indexOf(name)] ?? [])
  return (hash: number): readonly number[] => ofNode[ring.indexOfHash(hash)] ?? []
}

/** Joins two lists of targets: one array for each pair of nodes, not one for each series. */
function createPairs() {
  const pairs = new Map<readonly number[], Map<readonly number[], readonly number[]>>()
  return (first: readonly number[], second: readonly number[]): readonly number[] => {
    let seconds = pairs.get(first)
    if (!seconds) pairs.set(first, (seconds = new Map()))
    let joined = seconds.get(second)
    if (!joined) seconds.set(second, (joined = [...first, ...second]))
    return joined
  }
}

/** What makes one destination different from another. */
interface Place {
  readonly section: SectionName
  readonly node: string
  readonly address: string
  /** Prefix of its counters. */
  readonly name: string
  /** Below the spool folder. */
  readonly folder: string
  readonly order: DeliveryOrder
  readonly batchSize?: number
  readonly maxSendings?: number
  createPeer(log: Logger): Peer
}

function ringPlace({ config }: Opening, ring: RingName, node: string, address: string): Place {
  return {
    section: ring,
    node,
    address,
    name: `${ring}.${node}.${address}`,
    folder: spoolFolder(ring, node, address),
    // A judge must see each series in order; a store may not wait for the past.
    order: ring === 'judge' ? 'strict' : 'live-first',
    createPeer: (log) =>
      createLinkClient({
        addresses: [address],
        module: 'transfer',
        connectTimeoutMs: config[ring].connTimeout,
        ackTimeoutMs: config[ring].callTimeout,
        log,
      }),
  }
}

function sinkPlace(
  { counters }: Opening,
  { section, key, address, order, limits, maxSendings, create }: SinkPlan,
): Place {
  const name = `${section}.${key}`
  return {
    section,
    node: section,
    address,
    name,
    folder: spoolFolder(section, section, key),
    order,
    batchSize: Math.max(limits.batch, smallestBatch),
    maxSendings,
    createPeer: (log) => create({ name, counters, log }),
  }
}

function openOne({ config, spoolDir, series, counters, log }: Opening, place: Place) {
  const { section, node, address, name, order } = place
  const spool = openSpool({
    dir: join(spoolDir, place.folder),
    ...spoolLimits(config, section),
    log,
    onDrop: countDrops(name, counters),
  })
  const ownLog = log.child({ destination: name })
  const client = place.createPeer(ownLog)
  const destination = createDestination({
    name,
    client,
    spool,
    order,
    ackWithinMs,
    maxInFlight: config[section].maxInFlight,
    replayPerSecond: replayOf(config, section, order),
    ...(place.batchSize !== undefined && { batchSize: place.batchSize }),
    ...(place.maxSendings !== undefined && { maxSendings: place.maxSendings }),
    series,
    counters,
    log: ownLog,
  })
  const placed: PlacedDestination = { ring: section, node, address, client, destination }
  return { placed, spool }
}
