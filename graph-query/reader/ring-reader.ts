import { createRing } from '#protocol'
import type { History, HistoryRequest, LastPoint } from '../store/types.ts'
import { isComplete, mergeHistories, newestOf, stepsOnTheWay } from './merge.ts'
import type { Overlap } from './merge.ts'
import { BadQuery, NodeUnreachable } from './reader.ts'
import type { KnownEndpoint, OnMissing, Reader } from './reader.ts'

/** The nodes of a ring by name, each with every address that stores its series; the nearest first. */
export type RingNodes = ReadonlyMap<string, readonly Reader[]>

export interface RingReaderOptions {
  readonly nodes: RingNodes
  /** The rings before it grew or shrank, the latest first: their nodes are asked for what the owners of today do not know. */
  readonly previous?: readonly RingNodes[]
  /** Points a node has on the ring. */
  readonly replicas: number
  /** Unix seconds. */
  readonly now: () => number
}

/**
 * Reads a ring of nodes as if it were one. A series is asked of the node that owns its key: of one copy, and of the others
 * and of the previous owners where that copy has gaps. Searches go to all copies, since an endpoint's counters are
 * spread over them and a copy may have been wiped; deletions too.
 */
export function createRingReader({ nodes, previous = [], replicas, now }: RingReaderOptions): Reader {
  const ownersNow = createOwners(nodes, replicas)
  const owners = previous.map((ring) => createOwners(ring, replicas))
  const ownersBefore: Owners = (endpoint, counter) => owners.flatMap((ownersThen) => ownersThen(endpoint, counter))
  const everyone = [...new Set([nodes, ...previous].flatMap((ring) => [...ring.values()].flat()))]

  /** The endpoints that any copy knows. Rejects when one is away: what it has would come back with it. */
  async function knownEverywhere(names: readonly string[]): Promise<number> {
    const found = await Promise.all(everyone.map((holder) => holder.endpoints(names, refuseMissing)))
    return new Set(found.flat().map(({ endpoint }) => endpoint)).size
  }

  /** How many counters go; what several copies have counts once, and so does what several rings have. */
  async function deleteEverywhere(remove: (holder: Reader) => Promise<number>): Promise<number> {
    const counts = new Map(await Promise.all(everyone.map(async (holder) => [holder, await remove(holder)] as const)))
    const onRing = (ring: RingNodes) =>
      [...ring.values()].reduce((sum, copies) => sum + Math.max(...copies.map((copy) => counts.get(copy) ?? 0)), 0)
    return Math.max(...[nodes, ...previous].map(onRing))
  }

  return {
    async history(request, onMissing) {
      const { endpoint, counter } = request
      const places = [ownersNow, ...owners].map((ownersThen) => ownersThen(endpoint, counter))
      return historyOf(places, request, now(), onMissing)
    },
    async last(endpoint, counter) {
      const holders = ownersNow(endpoint, counter)
      const others = [...new Set(ownersBefore(endpoint, counter))].filter((holder) => !holders.includes(holder))
      const today = await newestAt(holders, endpoint, counter)
      if (others.length === 0 || isCurrent(today.newest, now())) return orThrow(today.newest, today.away)
      // It may still be sent to the owner of before, or the rate of its newest point begins there.
      const before = await newestAt(others, endpoint, counter)
      const newest = newestOf([today.newest ?? [], before.newest ?? []].flat())
      return orThrow(newest, today.away ?? before.away)
    },
    searchEndpoints: (query, onMissing) =>
      pageOfAll(
        everyone.map(
          (node) => (limit) => orNone(onMissing, () => node.searchEndpoints({ ...query, page: 1, limit }, onMissing)),
        ),
        (found) => found.endpoint,
        query,
      ),
    searchCounters: (query, onMissing) =>
      pageOfAll(
        everyone.map(
          (node) => (limit) => orNone(onMissing, () => node.searchCounters({ ...query, page: 1, limit }, onMissing)),
        ),
        (found) => `${found.endpointId} ${found.counter}`,
        query,
      ),
    async endpoints(names, onMissing) {
      const found = await Promise.all(everyone.map((node) => orNone(onMissing, () => node.endpoints(names, onMissing))))
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

/** Whether an earlier owner can know nothing newer, nor what its rate is made from. */
function isCurrent(last: LastPoint | undefined, now: number): boolean {
  return last?.previous !== undefined && now - last.timestamp <= stepsOnTheWay * last.step
}

function orThrow<T>(known: T | undefined, away: NodeUnreachable | undefined): T | undefined {
  if (known === undefined && away) throw away
  return known
}

type Owners = (endpoint: string, counter: string) => readonly Reader[]

function createOwners(nodes: RingNodes, replicas: number): Owners {
  const ring = createRing([...nodes.keys()], replicas)
  return (endpoint, counter) => {
    const name = ring.nodeOf(`${endpoint}/${counter}`)
    const copies = nodes.get(name)
    if (!copies) throw new Error(`Cannot find node "${name}" of the ring`)
    return copies
  }
}

/**
 * Asks one holder after the other until nothing is unknown. `places`: today's copies of the series, and those of where it
 * was before it moved. Holders that do not answer are only named when it matters.
 */
async function historyOf(
  places: readonly (readonly Reader[])[],
  request: HistoryRequest,
  now: number,
  onMissing: OnMissing,
): Promise<History | undefined> {
  const { consolidation } = request
  const asked = new Set<Reader>()
  const away: NodeUnreachable[] = []
  let known: History | undefined
  for (const copies of places) {
    const elsewhere = known
    let here: History | undefined
    for (const copy of copies) {
      if (isComplete(known, request, now)) return known
      if (asked.has(copy)) continue
      asked.add(copy)
      try {
        const answer = await inRowsOf(known, copy, request, onMissing)
        here = joined(here, answer, { consolidation, disjoint: false })
      } catch (error) {
        if (!(error instanceof NodeUnreachable)) throw error
        away.push(error)
      }
      known = joined(elsewhere, here, { consolidation, disjoint: true })
    }
  }
  if (isComplete(known, request, now)) return known
  const [first] = away
  if (!known && first) throw first
  for (const error of away) onMissing(error)
  return known
}

function joined(one: History | undefined, other: History | undefined, overlap: Overlap): History | undefined {
  return one && other ? mergeHistories([one, other], overlap) : (one ?? other)
}

/** Asks in rows of the width that others have answered in, so that both fit together, unless this holder has none such. */
async function inRowsOf(known: History | undefined, holder: Reader, request: HistoryRequest, onMissing: OnMissing) {
  const [run, ...more] = known?.runs ?? []
  if (!known || !run || more.length > 0) return holder.history(request, onMissing)
  try {
    return await holder.history({ ...request, width: run.interval / known.step }, onMissing)
  } catch (error) {
    if (!(error instanceof BadQuery)) throw error
    return holder.history(request, onMissing)
  }
}

/** The newest last point of those that any of them knows, and one that did not answer. */
async function newestAt(
  holders: readonly Reader[],
  endpoint: string,
  counter: string,
): Promise<{ readonly newest: LastPoint | undefined; readonly away: NodeUnreachable | undefined }> {
  const known: LastPoint[] = []
  let away: NodeUnreachable | undefined
  const ask = async (holder: Reader) => {
    try {
      const last = await holder.last(endpoint, counter)
      if (last) known.push(last)
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error
      away = error
    }
  }
  await Promise.all(holders.map(ask))
  return { newest: newestOf(known), away }
}

const refuseMissing: OnMissing = (error) => {
  throw error
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
