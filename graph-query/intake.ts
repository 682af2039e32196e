import type { Counters } from '#lib/counters'
import type { LinkAck, LinkHandler, SlotBatch } from '#lib/link'
import type { Logger } from '#lib/log'
import { counterOf } from '#protocol'
import type { Series } from '#protocol'
import { isStorableName } from './names.ts'
import type { Refusal, Store } from './store/types.ts'

/** Slot of series whose names cannot be stored. */
const unstorable = -2

/** Why samples were not stored, as the counters call it. */
const refusals: readonly (Refusal | 'name')[] = ['name', 'nan', 'old', 'future', 'limit']

export interface Intake {
  readonly handler: LinkHandler<number>
  /** Why samples are sent back at present; undefined while they are taken. */
  notice(): string | undefined
}

/**
 * Takes samples from the link into the store. A batch is acknowledged when the log has it. Every received sample ends in
 * one count: `StoredCnt`, one of `Refused.<reason>`, or `ReturnedCnt` when its sender is asked to send it again later; until
 * then in `PendingCnt`.
 */
export function createIntake(store: Store, counters: Counters, log: Logger): Intake {
  for (const name of ['GraphRpcRecvCnt', 'StoredCnt', 'ReturnedCnt', ...refusals.map((reason) => `Refused.${reason}`)])
    counters.add(name, 0)
  /** Received, and not in any of these yet. */
  let pending = 0
  counters.gauge('PendingCnt', () => pending)
  let returning: string | undefined

  /** Logged once, not once a batch: the notice stands until samples are taken again. */
  function sendBack(count: number, reason: string, cause?: unknown): Error {
    counters.add('ReturnedCnt', count)
    if (returning === undefined) log.error({ err: cause, reason }, 'samples are sent back')
    returning = reason
    return new Error(reason, { cause })
  }

  async function take(batch: SlotBatch<number>): Promise<LinkAck> {
    counters.add('GraphRpcRecvCnt', batch.count)
    pending += batch.count
    try {
      const overloaded = store.overloaded()
      if (overloaded !== undefined) throw sendBack(batch.count, `Cannot take samples now: ${overloaded}`)
      const refused = new Map<Refusal | 'name', number>()
      for (let i = 0; i < batch.count; i++) {
        const slot = batch.slots[i] ?? unstorable
        const reason =
          slot === unstorable ? 'name' : store.append(slot, batch.timestamps[i] ?? NaN, batch.values[i] ?? NaN)
        if (reason) refused.set(reason, (refused.get(reason) ?? 0) + 1)
      }
      try {
        await store.commit()
      } catch (error) {
        throw sendBack(batch.count, `Cannot store samples: ${(error as Error).message}`, error)
      }
      if (returning !== undefined) log.info({ reason: returning }, 'samples are taken again')
      returning = undefined
      let count = 0
      for (const [reason, times] of refused) {
        counters.add(`Refused.${reason}`, times)
        count += times
      }
      counters.add('StoredCnt', batch.count - count)
      return { taken: batch.count - count, refused: count }
    } finally {
      pending -= batch.count
    }
  }

  const handler: LinkHandler<number> = {
    define(series: Series) {
      const { endpoint, metric, tags, counterType, step } = series
      const counter = counterOf(metric, tags)
      if (!isStorableName(endpoint) || !isStorableName(counter)) {
        log.debug({ endpoint, counter }, 'a series name cannot be stored')
        return unstorable
      }
      // Falcon: COUNTER and DERIVE are stored alike, as what never goes down.
      return store.define({ endpoint, counter, kind: counterType === 'GAUGE' ? 'GAUGE' : 'DERIVE', step })
    },
    take,
  }
  return { handler, notice: () => returning }
}
