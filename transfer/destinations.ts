import { join } from 'node:path'
import type { Counters } from '#lib/counters'
import { countDrops, createDestination } from '#lib/delivery'
import type { Batch, Destination, DestinationStats } from '#lib/delivery'
import { createLinkClient } from '#lib/link'
import type { LinkClient, NumberedSeries, SeriesTable } from '#lib/link'
import type { Logger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { Spool } from '#lib/spool'
import { createRing } from '#protocol'
import { parseCluster } from './cluster.ts'
import type { ClusterNode } from './cluster.ts'
import type { TransferConfig } from './config.ts'

export type RingName = 'judge' | 'graph'

/** One address of one node of a ring: samples go to each address of their node. */
export interface PlacedDestination {
  readonly ring: RingName
  readonly node: string
  /** `host:port` */
  readonly address: string
  readonly client: LinkClient
  readonly destination: Destination
}

/** Every place that samples go to. A target is an index into `list`. */
export interface Destinations {
  readonly list: readonly PlacedDestination[]
  /** Targets of the series whose primary key has this CRC-32, of both rings or of one. */
  targetsOf(hash: number, ring?: RingName): readonly number[]
  /** Adds one sample to a target. The returned batch must be awaited before the sample is acknowledged. */
  add(target: number, series: NumberedSeries, timestamp: number, value: number): Batch
  stats(): (Pick<PlacedDestination, 'ring' | 'node' | 'address'> & DestinationStats)[]
  /** Settles when everything taken is acknowledged or on disk, and nothing more will be sent. */
  close(): Promise<void>
}

/** A sample that no peer acknowledged in this time is put on disk, so that no agent waits for a slow peer. */
const ackWithinMs = 1000

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
  const list: PlacedDestination[] = []
  const spools: Spool[] = []
  const placesOf = new Map<RingName, (hash: number) => readonly number[]>()

  function openRing(ring: RingName): void {
    const nodes = nodesOf(opening.config, ring)
    const targets = nodes.map(({ name, addresses }) =>
      addresses.map((address) => {
        const { placed, spool } = openOne(opening, ring, name, address)
        spools.push(spool)
        return list.push(placed) - 1
      }),
    )
    placesOf.set(ring, createPlaces(nodes, targets, opening.config[ring].replicas))
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
    for (const ring of ['judge', 'graph'] as const) if (opening.config[ring].enabled) openRing(ring)
  } catch (error) {
    await close()
    throw error
  }

  const nowhere: readonly number[] = []
  const both = createPairs()
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

  return {
    list,
    targetsOf(hash, only) {
      const at = (ring: RingName) => placesOf.get(ring)?.(hash) ?? nowhere
      return only === undefined ? both(at('judge'), at('graph')) : at(only)
    },
    add(target, series, timestamp, value) {
      flushAfterThisTurn()
      const placed = list[target]
      if (!placed) throw new RangeError(`Cannot add a sample to target ${target}: there are ${list.length}`)
      return placed.destination.add(series, timestamp, value)
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
export function spoolFolder(ring: RingName, node: string, address: string): string {
  return join(ring, `${encodeURIComponent(node).replaceAll('.', '%2E')}@${address.replaceAll(':', '_')}`)
}

export function spoolMaxAge(config: TransferConfig, ring: RingName): number {
  return ring === 'judge' ? config.judge.spoolMaxAgeSeconds : config.spool.maxAgeSeconds
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

function openOne({ config, spoolDir, series, counters, log }: Opening, ring: RingName, node: string, address: string) {
  const name = `${ring}.${node}.${address}`
  const spool = openSpool({
    dir: join(spoolDir, spoolFolder(ring, node, address)),
    maxBytes: config.spool.maxBytes,
    maxAgeSeconds: spoolMaxAge(config, ring),
    log,
    onDrop: countDrops(name, counters),
  })
  const client = createLinkClient({
    addresses: [address],
    module: 'transfer',
    connectTimeoutMs: config[ring].connTimeout,
    ackTimeoutMs: config[ring].callTimeout,
    log: log.child({ destination: name }),
  })
  const destination = createDestination({
    name,
    client,
    spool,
    // A judge must see each series in order; a store may not wait for the past.
    order: ring === 'judge' ? 'strict' : 'live-first',
    ackWithinMs,
    maxInFlight: config[ring].maxInFlight,
    series,
    counters,
    log: log.child({ destination: name }),
  })
  const placed: PlacedDestination = { ring, node, address, client, destination }
  return { placed, spool }
}
