import type { NumberedSeries } from '#lib/link'
import type { ReceivedItem } from '#protocol'
import { none } from './templates.ts'
import type { Watch } from './watches.ts'

/** Everything that is known about the samples of one series, found by its raw names without building a key. */
export interface Route {
  /** Type and step as sent: a series that changes them is another one. */
  readonly counterType: string
  readonly sentStep: number
  /** With canonical tags and the raised step. */
  readonly series: NumberedSeries
  /** With the step as sent, for sinks; absent where it was not raised. */
  readonly received?: NumberedSeries
  /** Indexes of the destinations that get its samples. */
  readonly targets: readonly number[]
  watch: Watch | undefined
}

/** A cached series by its raw names. */
export interface CachedSeries {
  readonly route: Route
  readonly endpoint: string
  readonly metric: string
  readonly tags: string
  /** Of its item as it came last: see `Templates`. */
  template: number
}

export interface SeriesCache {
  /** The series that was seen last. */
  latest(): CachedSeries | undefined
  /** The series that came after the last one last time: senders keep their order. To be compared before it is followed. */
  expected(): CachedSeries | undefined
  /** Says that the sample at hand is one of the `expected` series, as `routeOf` would have found. */
  follow(expected: CachedSeries): void
  /** The route of an item, made on first sight; undefined when there are too many series already. */
  routeOf(item: ReceivedItem): Route | undefined
  /** Every cached route of a metric of an endpoint, whatever its tags. */
  routesOf(endpoint: string, metric: string): Route[]
  /** Forgets everything, as after a change of what routes are made from. */
  clear(): void
  /**
   * Forgets what has not been seen since the last sweep but one. Lazily: each step looks at a bounded number of
   * routes, so that the caller can let other work pass between steps.
   */
  sweep(): Generator<void, void, undefined>
  readonly size: number
}

interface Slot extends CachedSeries {
  /** Generation it was last seen in, 0 once forgotten. */
  seenIn: number
  /** What came after it last time. Senders keep their order, and comparing texts is cheaper than looking them up. */
  follower: Slot | undefined
  /** The same series with another type or step. */
  next: Slot | undefined
}

/** By raw tags; most metrics have none, and need no map. */
interface MetricSlots {
  untagged: Slot | undefined
  tagged: Map<string, Slot> | undefined
}

const routesPerSweepStep = 5000

/** `create` makes the route of an item never seen before; `forgotten` is told of each series dropped. */
export function createSeriesCache(options: {
  max: number
  create(item: ReceivedItem): Route
  forgotten(series: CachedSeries): void
}): SeriesCache {
  const endpoints = new Map<string, Map<string, MetricSlots>>()
  let size = 0
  let generation = 1
  // Items of a call mostly share their endpoint, so its map is looked up once.
  let lastEndpoint = ''
  let lastMetrics: Map<string, MetricSlots> | undefined
  let previous: Slot | undefined

  function slotsOf(endpoint: string, metric: string): MetricSlots {
    if (lastMetrics === undefined || endpoint !== lastEndpoint) {
      lastMetrics = endpoints.get(endpoint)
      if (lastMetrics === undefined) endpoints.set(endpoint, (lastMetrics = new Map()))
      lastEndpoint = endpoint
    }
    let slots = lastMetrics.get(metric)
    if (slots === undefined) lastMetrics.set(metric, (slots = { untagged: undefined, tagged: undefined }))
    return slots
  }

  function add(item: ReceivedItem, slots: MetricSlots, next: Slot | undefined): Slot | undefined {
    if (size >= options.max) {
      if (next === undefined) dropIfEmpty(item.endpoint, item.metric, slots)
      return undefined
    }
    const { endpoint, metric, tags } = item
    const route = options.create(item)
    const slot: Slot = { route, endpoint, metric, tags, template: none, seenIn: generation, follower: undefined, next }
    place(slots, slot)
    size++
    return slot
  }

  function find(item: ReceivedItem): Slot | undefined {
    const slots = slotsOf(item.endpoint, item.metric)
    const first = item.tags === '' ? slots.untagged : slots.tagged?.get(item.tags)
    for (let slot = first; slot !== undefined; slot = slot.next) if (isOfType(slot.route, item)) return slot
    return add(item, slots, first)
  }

  function dropIfEmpty(endpoint: string, metric: string, slots: MetricSlots): void {
    if (slots.untagged !== undefined || (slots.tagged !== undefined && slots.tagged.size > 0)) return
    const metrics = endpoints.get(endpoint)
    metrics?.delete(metric)
    if (metrics?.size !== 0) return
    endpoints.delete(endpoint)
    if (metrics === lastMetrics) lastMetrics = undefined
  }

  /** The chain without what was last seen before `oldest`. */
  function pruned(slot: Slot | undefined, oldest: number): Slot | undefined {
    if (slot === undefined) return undefined
    slot.next = pruned(slot.next, oldest)
    if (slot.seenIn >= oldest) return slot
    size--
    slot.seenIn = 0
    slot.follower = undefined
    options.forgotten(slot)
    return slot.next
  }

  return {
    latest: () => previous,
    expected() {
      const slot = previous?.follower
      return slot !== undefined && slot.seenIn > 0 ? slot : undefined
    },
    follow(expected) {
      const slot = expected as Slot
      slot.seenIn = generation
      previous = slot
    },
    routeOf(item) {
      const expected = previous?.follower
      const slot = expected !== undefined && isOf(expected, item) ? expected : find(item)
      if (slot === undefined) return undefined
      slot.seenIn = generation
      if (previous !== undefined && slot !== expected) previous.follower = slot
      previous = slot
      return slot.route
    },
    routesOf(endpoint, metric) {
      const slots = endpoints.get(endpoint)?.get(metric)
      if (slots === undefined) return []
      return [slots.untagged, ...(slots.tagged?.values() ?? [])].flatMap((slot) => [...routesOfChain(slot)])
    },
    clear() {
      for (const metrics of endpoints.values())
        for (const { untagged, tagged } of metrics.values())
          for (const slot of [untagged, ...(tagged?.values() ?? [])])
            for (let at = slot; at !== undefined; at = at.next) options.forgotten(at)
      endpoints.clear()
      lastMetrics = undefined
      previous = undefined
      size = 0
    },
    *sweep() {
      const oldest = generation
      generation++
      previous = undefined
      let looked = 0
      for (const [endpoint, metrics] of endpoints) {
        for (const [metric, slots] of metrics) {
          slots.untagged = pruned(slots.untagged, oldest)
          for (const [tags, slot] of slots.tagged ?? []) {
            const kept = pruned(slot, oldest)
            if (kept === undefined) slots.tagged?.delete(tags)
            else if (kept !== slot) slots.tagged?.set(tags, kept)
          }
          looked += 1 + (slots.tagged?.size ?? 0)
          dropIfEmpty(endpoint, metric, slots)
          if (looked >= routesPerSweepStep) {
            looked = 0
            yield
          }
        }
      }
    },
    get size() {
      return size
    },
  }
}

function place(slots: MetricSlots, slot: Slot): void {
  if (slot.tags === '') slots.untagged = slot
  else (slots.tagged ??= new Map()).set(slot.tags, slot)
}

function isOf(slot: Slot, item: ReceivedItem): boolean {
  const same = slot.metric === item.metric && slot.tags === item.tags && slot.endpoint === item.endpoint
  return same && slot.seenIn > 0 && isOfType(slot.route, item)
}

function isOfType(route: Route, item: ReceivedItem): boolean {
  return route.sentStep === item.step && route.counterType === item.counterType
}

function* routesOfChain(slot: Slot | undefined): Generator<Route> {
  for (let at = slot; at !== undefined; at = at.next) yield at.route
}
