import { createRing } from '#protocol'
import { NodeUnreachable } from './reader.ts'
import type { KnownEndpoint, OnMissing, Reader } from './reader.ts'

/** One node of the ring. */
export interface RingNode {
  readonly reader: Reader
  /** Every address that stores this node's series, when there are several; this one may be among them. */
  readonly copies: readonly Reader[]
}

/**
 * Reads a ring of nodes as if it were one. A series is asked of the node that owns its key; searches go to all nodes,
 * since an endpoint's counters are spread over them, and deletions to all their copies.
 */
export function createRingReader(nodes: ReadonlyMap<string, RingNode>, replicas: number): Reader {
  const ring = createRing([...nodes.keys()], replicas)
  const all = [...nodes.values()].map((node) => node.reader)
  const holders = [...nodes.values()].map(({ reader, copies }) => [reader, ...copies])

  function ownerOf(endpoint: string, counter: string): Reader {
    const name = ring.nodeOf(`${endpoint}/${counter}`)
    const node = nodes.get(name)
    if (!node) throw new Error(`Cannot find node "${name}" of the ring`)
    return node.reader
  }

  /** The endpoints that any copy knows. Rejects when one is away: what it has would come back with it. */
  async function knownEverywhere(names: readonly string[]): Promise<number> {
    const found = await Promise.all(
      holders.flat().map((holder) =>
        holder.endpoints(names, (error) => {
          throw error
        }),
      ),
    )
    return new Set(found.flat().map(({ endpoint }) => endpoint)).size
  }

  /** How many counters go; what several copies have counts once. */
  async function deleteEverywhere(remove: (holder: Reader) => Promise<number>): Promise<number> {
    const counts = await Promise.all(
      holders.map(async (copies) => Math.max(...(await Promise.all(copies.map((holder) => remove(holder)))))),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  return {
    history: async (request) => ownerOf(request.endpoint, request.counter).history(request),
    last: async (endpoint, counter) => ownerOf(endpoint, counter).last(endpoint, counter),
    searchEndpoints: (query, onMissing) =>
      pageOfAll(
        all.map(
          (node) => (limit) => orNone(onMissing, () => node.searchEndpoints({ ...query, page: 1, limit }, onMissing)),
        ),
        (found) => found.endpoint,
        query,
      ),
    searchCounters: (query, onMissing) =>
      pageOfAll(
        all.map(
          (node) => (limit) => orNone(onMissing, () => node.searchCounters({ ...query, page: 1, limit }, onMissing)),
        ),
        (found) => `${found.endpointId} ${found.counter}`,
        query,
      ),
    async endpoints(names, onMissing) {
      const found = await Promise.all(all.map((node) => orNone(onMissing, () => node.endpoints(names, onMissing))))
      const newest = new Map<string, KnownEndpoint>()
      for (const known of found.flat()) {
        const other = newest.get(known.endpoint)
        if (!other || other.timestamp < known.timestamp) newest.set(known.endpoint, known)
      }
      return [...newest.values()]
    },
    async deleteEndpoints(names) {
      const endpoints = await knownEverywhere(names)
      return {
        endpoints,
        counters: await deleteEverywhere(async (holder) => (await holder.deleteEndpoints(names)).counters),
      }
    },
    async deleteCounters(endpoints, counters) {
      await knownEverywhere([])
      return deleteEverywhere((holder) => holder.deleteCounters(endpoints, counters))
    },
  }
}

async function orNone<T>(onMissing: OnMissing, ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof NodeUnreachable)) throw error
    onMissing(error)
    return []
  }
}

/**
 * One page of what all nodes find: everything of the first node, then what only the second has, and so on, so that pages
 * neither overlap nor leave anything out.
 */
async function pageOfAll<T>(
  nodes: readonly ((limit: number) => Promise<readonly T[]>)[],
  keyOf: (found: T) => string,
  { page, limit }: { page: number; limit: number },
): Promise<T[]> {
  const unique = new Map<string, T>()
  for (const node of nodes) {
    if (unique.size >= page * limit) break
    // As many as may turn out to be known already, besides those that are wanted.
    for (const found of await node(page * limit + unique.size))
      if (!unique.has(keyOf(found))) unique.set(keyOf(found), found)
  }
  return [...unique.values()].slice((page - 1) * limit, page * limit)
}
