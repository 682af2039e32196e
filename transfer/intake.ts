import { setImmediate } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import type { Batch } from '#lib/delivery'
import type { CounterType, ReceivedItem } from '#protocol'
import { alignDown, numberOf, refusalOf, saneTimestamp } from '#protocol'
import type { Destinations } from './destinations.ts'
import type { EndpointCounts } from './endpoint-counts.ts'
import { createPlacedSamples } from './placed-samples.ts'
import type { Rejected } from './rejected.ts'
import type { Route, SeriesCache } from './series-cache.ts'

/** The way items came in; also the prefix of their counter, as Open-Falcon names it. */
export type Entrance = 'Rpc' | 'Http' | 'Socket'

/** What `Transfer.Update` and `/api/push` answer. `Latency` is in milliseconds. */
export interface TransferReply {
  Message: string
  Total: number
  Invalid: number
  Latency: number
}

export interface Intake {
  /**
   * Takes the items of one call. Resolves when every accepted sample is acknowledged by all its destinations or on
   * disk; what is not accepted is counted by reason and in `Invalid`.
   * Rejects when a sample could be brought to neither: the sender must keep the call and repeat it.
   * `peer` is the sender's address.
   */
  take(items: readonly (ReceivedItem | null)[], entrance: Entrance, peer: string): Promise<TransferReply>
  /** The same for the items of a call whose routes are known and which break no rule: see `createUpdateReader`. */
  takeRouted(samples: RoutedSamples, entrance: Entrance): Promise<TransferReply>
  /** Counts a call that could not be read at all; `items` when their number is known. */
  refuseCall(call: unknown, reason: string, peer: string, items?: number): void
}

/** Samples side by side: the first `count` entries of each column. The columns are free again when they are taken. */
export interface RoutedSamples {
  readonly count: number
  readonly routes: readonly Route[]
  /** Unix seconds as sent, at most `lastTimestamp`. */
  readonly timestamps: Float64Array
  readonly values: Float64Array
}

/** The link carries 32 bits of seconds: until 2106. */
export const lastTimestamp = 2 ** 32 - 1
export const maxEndpointLength = 1024
/** A call may have hundreds of thousands of items; other calls get their turn after so many. */
export const itemsPerTurn = 10_000

/** `now` is in milliseconds. Counters: `RecvCnt` accepted samples, each in `AcknowledgedCnt`, `ReturnedCnt` (failed calls) or, until then,
 * `PendingCnt`; `<entrance>RecvCnt`. */
export function createIntake(options: {
  routes: SeriesCache
  destinations: Destinations
  rejected: Rejected
  counts: EndpointCounts
  counters: Counters
  now: () => number
}): Intake {
  const { routes, destinations, rejected, counts, counters, now } = options
  const placed = createPlacedSamples(2 * itemsPerTurn)

  /** Accepted samples that are neither safe nor returned yet. */
  let pending = 0
  counters.gauge('PendingCnt', () => pending)

  /** Why an item does not get in, undefined once it has its place. */
  function place(item: ReceivedItem, checked: boolean, nowSeconds: number): string | undefined {
    if (item.endpoint.length > maxEndpointLength) return 'endpoint too long'
    if (item.step > lastTimestamp) return 'step out of range'
    // Falcon: the telnet port takes times as they are.
    const time = checked ? item.timestamp : saneTimestamp(item.timestamp, nowSeconds)
    if (time < 0 || time > lastTimestamp) return 'timestamp out of range'
    const route = routes.routeOf(item)
    if (route === undefined) return 'too many series'
    deliver(route, time, typeof item.value === 'number' ? item.value : (numberOf(item.value) ?? Number.NaN), nowSeconds)
    return undefined
  }

  /** Gives one sample its places. `time` is sane and not aligned; sinks get it, and the step, as they came. */
  function deliver(route: Route, time: number, value: number, nowSeconds: number): void {
    const { series, targets, watch } = route
    counts.add(series.endpoint, nowSeconds)
    const { sinksFrom } = destinations
    let rings = targets.length
    while (rings > 0 && (targets[rings - 1] as number) >= sinksFrom) rings--
    placed.add(series, targets, 0, rings, alignDown(time, series.step), value)
    if (rings < targets.length) placed.add(route.received ?? series, targets, rings, targets.length, time, value)
    watch?.saw(time, route.sentStep, value, route.counterType as CounterType)
  }

  /** Counts what was taken and waits until it is safe. */
  async function accept(count: number, entrance: Entrance, touched: Touched): Promise<void> {
    counters.add('RecvCnt', count)
    counters.add(`${entrance}RecvCnt`, count)
    pending += count
    try {
      await touched.settled()
      counters.add('AcknowledgedCnt', count)
    } catch (error) {
      counters.add('ReturnedCnt', count)
      throw new Error(`Cannot keep the samples, send them again: ${(error as Error).message}`, { cause: error })
    } finally {
      pending -= count
    }
  }

  return {
    async take(items, entrance, peer) {
      const started = now()
      const nowSeconds = Math.floor(started / 1000)
      const checked = entrance === 'Socket'
      const touched = createTouched()
      const total = items.length
      let invalid = 0
      try {
        for (const [index, item] of items.entries()) {
          if (index > 0 && index % itemsPerTurn === 0) {
            placed.send(destinations, (target, batch) => touched.add(target, batch))
            await setImmediate()
          }
          const reason = checked ? undefined : refusalOf(item)
          const refused = reason ?? (item === null ? 'null item' : place(item, checked, nowSeconds))
          if (refused === undefined) continue
          invalid++
          rejected.add(refused, peer, item)
        }
        placed.send(destinations, (target, batch) => touched.add(target, batch))
      } finally {
        placed.clear()
      }
      await accept(total - invalid, entrance, touched)
      return { Message: 'ok', Total: total, Invalid: invalid, Latency: now() - started }
    },
    async takeRouted({ count, routes: known, timestamps, values }, entrance) {
      const started = now()
      const nowSeconds = Math.floor(started / 1000)
      const touched = createTouched()
      try {
        for (let i = 0; i < count; i++)
          deliver(
            known[i] as Route,
            saneTimestamp(timestamps[i] as number, nowSeconds),
            values[i] as number,
            nowSeconds,
          )
        placed.send(destinations, (target, batch) => touched.add(target, batch))
      } finally {
        placed.clear()
      }
      await accept(count, entrance, touched)
      return { Message: 'ok', Total: count, Invalid: 0, Latency: now() - started }
    },
    refuseCall(call, reason, peer, items = 0) {
      counters.add('MalformedCallCnt')
      rejected.add('malformed call', peer, { reason, call }, items)
    },
  }
}

/** The distinct batches that the samples of one call went into: a handful, however many samples. */
interface Touched {
  add(target: number, batch: Batch): void
  settled(): Promise<unknown>
}

function createTouched(): Touched {
  const latest: (Batch | undefined)[] = []
  const settled: Promise<void>[] = []
  return {
    add(target, batch) {
      if (latest[target] === batch) return
      latest[target] = batch
      settled.push(batch.settled)
    },
    settled: () => Promise.all(settled),
  }
}
