import type { Counters } from '#lib/counters'
import type { LinkAck } from '#lib/link'
import type { Logger } from '#lib/log'

/** What became of the samples that come in, whichever engine keeps them. */
export interface IntakeCounts<Reason extends string> {
  /**
   * Counts one batch of `count` samples and gives its acknowledgement. `store` resolves when all of them are kept but those
   * it has refused; it rejects when the sender must send all of them again. Calls may overlap.
   */
  take(count: number, store: (refuse: (reason: Reason, samples?: number) => void) => Promise<void>): Promise<LinkAck>
  /** Why samples are sent back at present; undefined while they are taken. */
  notice(): string | undefined
}

/**
 * Every received sample (`GraphRpcRecvCnt`) ends in one count: `StoredCnt`, one of `Refused.<reason>`, or `ReturnedCnt` when
 * its sender is asked to send it again later; until then it is in `PendingCnt`.
 */
export function createIntakeCounts<Reason extends string>(
  reasons: readonly Reason[],
  counters: Counters,
  log: Logger,
): IntakeCounts<Reason> {
  for (const name of ['GraphRpcRecvCnt', 'StoredCnt', 'ReturnedCnt', ...reasons.map((reason) => `Refused.${reason}`)])
    counters.add(name, 0)
  let pending = 0
  counters.gauge('PendingCnt', () => pending)
  let returning: string | undefined

  return {
    async take(count, store) {
      counters.add('GraphRpcRecvCnt', count)
      pending += count
      const refused = new Map<Reason, number>()
      try {
        await store((reason, samples = 1) => refused.set(reason, (refused.get(reason) ?? 0) + samples))
      } catch (error) {
        pending -= count
        counters.add('ReturnedCnt', count)
        // Logged once, not once a batch: the notice stands until samples are taken again.
        if (returning === undefined) log.error({ err: error }, 'samples are sent back')
        returning = (error as Error).message
        throw error
      }
      if (returning !== undefined) log.info({ reason: returning }, 'samples are taken again')
      returning = undefined
      let lost = 0
      for (const [reason, samples] of refused) {
        counters.add(`Refused.${reason}`, samples)
        lost += samples
      }
      pending -= count
      counters.add('StoredCnt', count - lost)
      return { taken: count - lost, refused: lost }
    },
    notice: () => returning,
  }
}
