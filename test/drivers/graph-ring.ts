import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Fleet } from './fleet.ts'
import { freePorts, startModule, until } from './process.ts'
import type { ModuleProcess } from './process.ts'

/** One of several graphs between which a transfer shares out its series. */
export interface GraphNode {
  readonly name: string
  readonly process: ModuleProcess
  /** Port of its queries. */
  readonly query: number
  /** `host:port` of its link. */
  readonly link: string
}

/** The graph that a fleet has anyway, as the first of a ring. */
export function firstNode({ graph, ports }: Fleet): GraphNode {
  return { name: 'graph-00', process: graph, query: ports.query, link: at(ports.graphLink) }
}

/** A further graph with data of its own below the fleet's folder. It must be killed before that is removed. */
export async function startGraphNode(fleet: Fleet, name: string): Promise<GraphNode> {
  const [link = 0, http = 0, query = 0] = await freePorts(3)
  const folder = join(fleet.folder, name)
  const listen = (port: number) => ({ enabled: true, listen: at(port) })
  const { storage } = fleet.graph.config as { storage?: object }
  const process = await startModule({
    name: 'graph-query',
    folder,
    httpPort: http,
    config: {
      rpc: listen(link),
      http: listen(http),
      query: listen(query),
      storage: { ...storage, dir: join(folder, 'graph') },
    },
  })
  return { name, process, query, link: at(link) }
}

/** Starts a graph again as a member of a ring that was another one before. */
export async function placeOnRing(node: GraphNode, ring: readonly GraphNode[], before: readonly GraphNode[]) {
  await node.process.restart({
    ...node.process.config,
    node: node.name,
    cluster: clusterOf(ring),
    previousCluster: clusterOf(before),
  })
}

/** Starts transfer again with another ring, and waits until samples it held for nodes that left are passed on. */
export async function sendToRing({ transfer, folder }: Fleet, ring: readonly GraphNode[]): Promise<void> {
  await transfer.restart({ ...transfer.config, graph: { enabled: true, cluster: clusterOf(ring) } })
  const names = new Set(ring.map(({ name }) => name))
  await until(
    'the spools of removed graphs to be passed on',
    () => readdirSync(join(folder, 'spool', 'graph')).filter((spool) => !names.has(spool.split('@')[0] ?? '')),
    (left) => left.length === 0,
    120_000,
  )
}

function clusterOf(ring: readonly GraphNode[]): Record<string, string> {
  return Object.fromEntries(ring.map(({ name, link }) => [name, link]))
}

function at(port: number): string {
  return `127.0.0.1:${port}`
}
