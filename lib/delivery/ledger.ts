import type { Counters } from '#lib/counters'
import type { LinkAck } from '#lib/link'
import type { SpoolDrop } from '#lib/spool'

/** Where samples end: each in exactly one of these counts, all under the destination's name. */
export interface Ledger {
  /** What a peer answered for samples that had not been counted yet. */
  answered(ack: LinkAck): void
  returned(samples: number): void
  dropped(samples: number, reason: SpoolDrop): void
  /** Not an end: samples that were put on disk. */
  spooled(samples: number): void
  totals(): {
    readonly delivered: number
    readonly refused: number
    readonly returned: number
    readonly dropped: { readonly size: number; readonly age: number; readonly corrupt: number }
  }
}

/**
 * Counts `<name>.delivered`, `.refused` (by the peer), `.returned` (to the caller), `.dropped.size`, `.dropped.age`,
 * `.dropped.corrupt`, and `.spooled`.
 */
export function createLedger(name: string, counters: Counters): Ledger {
  // So that a zero is seen as a zero, not as something that is not counted.
  const ends = ['delivered', 'refused', 'returned', 'dropped.size', 'dropped.age', 'dropped.corrupt', 'spooled']
  for (const end of ends) counters.add(`${name}.${end}`, 0)
  return {
    answered({ taken, refused }) {
      counters.add(`${name}.delivered`, taken)
      counters.add(`${name}.refused`, refused)
    },
    returned: (samples) => counters.add(`${name}.returned`, samples),
    dropped: (samples, reason) => counters.add(`${name}.dropped.${reason}`, samples),
    spooled: (samples) => counters.add(`${name}.spooled`, samples),
    totals: () => ({
      delivered: counters.get(`${name}.delivered`),
      refused: counters.get(`${name}.refused`),
      returned: counters.get(`${name}.returned`),
      dropped: {
        size: counters.get(`${name}.dropped.size`),
        age: counters.get(`${name}.dropped.age`),
        corrupt: counters.get(`${name}.dropped.corrupt`),
      },
    }),
  }
}

/** The `onDrop` of a destination's spool, which is opened before the destination is. */
export function countDrops(name: string, counters: Counters): (samples: number, reason: SpoolDrop) => void {
  const ledger = createLedger(name, counters)
  return (samples, reason) => ledger.dropped(samples, reason)
}
