import { hostname, networkInterfaces } from 'node:os'
import { parseListen } from '#lib/address'
import { isLoopback } from '#lib/http'
import { createLinkClient } from '#lib/link'
import type { LinkClient } from '#lib/link'
import type { Logger } from '#lib/log'
import { createRing } from '#protocol'
import type { GraphQueryConfig } from './config.ts'
import type { Reader } from './reader/reader.ts'
import { createRemoteReader } from './reader/remote-reader.ts'
import { createRingReader } from './reader/ring-reader.ts'
import type { RingNodes } from './reader/ring-reader.ts'

export interface ClusterOptions {
  readonly config: GraphQueryConfig
  /** This node's own series. */
  readonly local: Reader
  /** What deletions on other nodes show. */
  readonly token: () => string
  readonly log: Logger
  /** Unix seconds. */
  readonly now: () => number
}

export interface Cluster {
  /** Reads all nodes. */
  readonly reader: Reader
  /** The name of the node that owns a series; empty when there is only this one. */
  nodeOf(endpoint: string, counter: string): string
  close(): Promise<void>
}

/** This node's store alone, or the ring of `cluster` with this one in it and those of `previousCluster`. */
export function openCluster(options: ClusterOptions): Cluster {
  const { config, local, token, log, now } = options
  if (Object.keys(config.cluster).length === 0) return { reader: local, nodeOf: () => '', close: async () => undefined }
  const clients: LinkClient[] = []
  const ownAddresses = addressesOf(config.cluster[config.node] ?? '')
  const isOwn = (address: string) =>
    ownAddresses.length === 1 ? address === ownAddresses[0] : isThisProcess(address, config.rpc.listen)
  const remote = (node: string, address: string) => {
    const client = createLinkClient({
      addresses: [address],
      module: 'graph-query',
      connectTimeoutMs: Math.min(1000, config.callTimeout),
      ackTimeoutMs: config.callTimeout,
      log,
    })
    clients.push(client)
    return createRemoteReader({ node, client, timeoutMs: config.callTimeout, token })
  }
  /** One connection an address, whichever ring it is on. */
  const readers = new Map<string, Reader>()
  const readerAt = (node: string, address: string): Reader => {
    const reader = readers.get(address) ?? (isOwn(address) ? local : remote(node, address))
    readers.set(address, reader)
    return reader
  }
  const ringOf = (cluster: Record<string, string>): RingNodes =>
    new Map(
      Object.entries(cluster).map(([node, list]) => {
        const others = addressesOf(list).map((address) => readerAt(node, address))
        // The store of this process answers first: it costs no way over the network.
        const isHere = cluster === config.cluster && node === config.node
        return [node, [...new Set(isHere || others.includes(local) ? [local, ...others] : others)]]
      }),
    )
  const previous = [config.previousCluster].flat().filter((cluster) => Object.keys(cluster).length > 0)
  const ring = createRing(Object.keys(config.cluster), config.replicas)
  return {
    nodeOf: (endpoint, counter) => ring.nodeOf(`${endpoint}/${counter}`),
    reader: createRingReader({
      nodes: ringOf(config.cluster),
      previous: previous.map(ringOf),
      replicas: config.replicas,
      now,
    }),
    async close() {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

/** The links of the other copies of this node's series. */
export function siblingsOf({ cluster, node, rpc }: GraphQueryConfig): string[] {
  const addresses = addressesOf(cluster[node] ?? '')
  if (addresses.length === 1 || !rpc.enabled) return []
  return addresses.filter((address) => !isThisProcess(address, rpc.listen))
}

function addressesOf(list: string): string[] {
  return list.split(',').map((address) => address.trim())
}

/** Whether an address of a node with several copies is the one that this process listens on. */
export function isThisProcess(address: string, listen: string): boolean {
  const there = parseListen(address)
  const here = parseListen(listen)
  if (!there || !here || there.port !== here.port) return false
  const { host } = there
  if (isLoopback(host) || host === hostname()) return true
  return Object.values(networkInterfaces()).some((interfaces) => interfaces?.some((one) => one.address === host))
}
