import { createRing } from '#protocol'
import { NodeUnreachable } from './reader.ts'
import type { KnownEndpoint, OnMissing, Reader } from './reader.ts'

/**
 * Reads a ring of nodes as if it were one. A series is asked of the node that owns its key; searches and deletions go to
 * all nodes, since an endpoint's counters are spread over them.
 */
export function createRingReader(nodes: ReadonlyMap<string, Reader>, replicas: number): Reader {
  const ring = createRing([...nodes.keys()], replicas)
  const all = [...nodes.values()]

  function ownerOf(endpoint: string, counter: string): Reader {
    const name = ring.nodeOf(`${endpoint}/${counter}`)
    const node = nodes.get(name)
    if (!node) throw new Error(`Cannot find node "${name}" of the ring`)
    return node
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
      // Not while one is away: its series would come back with it.
      const existing = await this.endpoints(names, (error) => {
        throw error
      })
      const deleted = await Promise.all(all.map((node) => node.deleteEndpoints(names)))
      return { endpoints: existing.length, counters: deleted.reduce((sum, { counters }) => sum + counters, 0) }
    },
    async deleteCounters(endpoints, counters) {
      const deleted = await Promise.all(all.map((node) => node.deleteCounters(endpoints, counters)))
      return deleted.reduce((sum, count) => sum + count, 0)
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
