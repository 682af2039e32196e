import { setImmediate } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import type { Batch } from '#lib/delivery'
import type { CounterType, ReceivedItem } from '#protocol'
import { alignDown, numberOf, refusalOf, saneTimestamp } from '#protocol'
import type { Destinations } from './destinations.ts'
import type { EndpointCounts } from './endpoint-counts.ts'
import type { Rejected } from './rejected.ts'
import type { SeriesCache } from './series-cache.ts'

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
  /** Counts a call that could not be read at all; `items` when their number is known. */
  refuseCall(call: unknown, reason: string, peer: string, items?: number): void
}

/** The link carries 32 bits of seconds: until 2106. */
const lastTimestamp = 2 ** 32 - 1
const maxEndpointLength = 1024
/** A call may have hundreds of thousands of items; other calls get their turn after so many. */
const itemsPerTurn = 10_000

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

  /** Accepted samples that are neither safe nor returned yet. */
  let pending = 0
  counters.gauge('PendingCnt', () => pending)

  /** Why an item does not get in, undefined once it has. `batches[target]` is what its samples went into. */
  function place(item: ReceivedItem, checked: boolean, nowSeconds: number, touched: Touched): string | undefined {
    if (item.endpoint.length > maxEndpointLength) return 'endpoint too long'
    if (item.step > lastTimestamp) return 'step out of range'
    // Falcon: the telnet port takes times as they are.
    const time = checked ? item.timestamp : saneTimestamp(item.timestamp, nowSeconds)
    if (time < 0 || time > lastTimestamp) return 'timestamp out of range'
    const route = routes.routeOf(item)
    if (route === undefined) return 'too many series'
    const { series, targets, watch } = route
    const value = typeof item.value === 'number' ? item.value : (numberOf(item.value) ?? Number.NaN)
    counts.add(item.endpoint, nowSeconds)
    const aligned = alignDown(time, series.step)
    for (const target of targets) touched.add(target, destinations.add(target, series, aligned, value))
    watch?.saw(time, item.step, value, item.counterType as CounterType)
    return undefined
  }

  return {
    async take(items, entrance, peer) {
      const started = now()
      const nowSeconds = Math.floor(started / 1000)
      const checked = entrance === 'Socket'
      const touched = createTouched()
      const total = items.length
      let invalid = 0
      for (const [index, item] of items.entries()) {
        if (index > 0 && index % itemsPerTurn === 0) await setImmediate()
        const reason = checked ? undefined : refusalOf(item)
        const refused = reason ?? (item === null ? 'null item' : place(item, checked, nowSeconds, touched))
        if (refused === undefined) continue
        invalid++
        rejected.add(refused, peer, item)
      }
      const accepted = total - invalid
      counters.add('RecvCnt', accepted)
      counters.add(`${entrance}RecvCnt`, accepted)
      pending += accepted
      try {
        await touched.settled()
        counters.add('AcknowledgedCnt', accepted)
      } catch (error) {
        counters.add('ReturnedCnt', accepted)
        throw new Error(`Cannot keep the samples, send them again: ${(error as Error).message}`, { cause: error })
      } finally {
        pending -= accepted
      }
      return { Message: 'ok', Total: total, Invalid: invalid, Latency: now() - started }
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
