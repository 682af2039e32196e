import type { Counters } from '#lib/counters'
import type { LinkAck, LinkHandler, SlotBatch } from '#lib/link'
import type { Logger } from '#lib/log'
import { counterOf } from '#protocol'
import type { Series } from '#protocol'
import { createIntakeCounts } from './intake-counts.ts'
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

/** Takes samples from the link into the store. A batch is acknowledged when the log has it. */
export function createIntake(store: Store, counters: Counters, log: Logger): Intake {
  const counts = createIntakeCounts(refusals, counters, log)

  function take(batch: SlotBatch<number>): Promise<LinkAck> {
    return counts.take(batch.count, async (refuse) => {
      const overloaded = store.overloaded()
      if (overloaded !== undefined) throw new Error(`Cannot take samples now: ${overloaded}`)
      for (let i = 0; i < batch.count; i++) {
        const slot = batch.slots[i] ?? unstorable
        const reason =
          slot === unstorable ? 'name' : store.append(slot, batch.timestamps[i] ?? NaN, batch.values[i] ?? NaN)
        if (reason) refuse(reason)
      }
      try {
        await store.commit()
      } catch (error) {
        throw new Error(`Cannot store samples: ${(error as Error).message}`, { cause: error })
      }
    })
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
  return { handler, notice: () => counts.notice() }
}
