import type { Batch, NumberedColumns } from '#lib/delivery'
import type { NumberedSeries } from '#lib/link'
import type { Destinations } from './destinations.ts'

/**
 * Samples that have their places, side by side, until they go to their targets together. To be filled and sent within
 * one turn of the event loop, so that all calls can share it.
 */
export interface PlacedSamples {
  /**
   * To the targets from index `from` to before `to`. There must be room: at most as many as it was made for between two
   * calls of `send`.
   */
  add(
    series: NumberedSeries,
    targets: readonly number[],
    from: number,
    to: number,
    timestamp: number,
    value: number,
  ): void
  /** Hands everything to the targets, tells `into` of the batches, perhaps several times, and is empty again. */
  send(destinations: Destinations, into: (target: number, batch: Batch) => void): void
  /** Lets go of what a call has added that failed before it was sent. */
  clear(): void
}

export function createPlacedSamples(room: number): PlacedSamples {
  const series: NumberedSeries[] = []
  const numbers = new Uint32Array(room)
  const timestamps = new Uint32Array(room)
  const values = new Float64Array(room)
  const columns: NumberedColumns = { series, numbers, timestamps, values }
  /** By target: which samples it gets. */
  const picks: ({ readonly picked: Uint32Array; count: number } | undefined)[] = []
  let count = 0

  function clear(): void {
    count = 0
    for (const pick of picks) if (pick !== undefined) pick.count = 0
  }

  return {
    add(one, targets, from, to, timestamp, value) {
      const at = count++
      series[at] = one
      numbers[at] = one.number
      timestamps[at] = timestamp
      values[at] = value
      for (let i = from; i < to; i++) {
        const target = targets[i] as number
        const pick = (picks[target] ??= { picked: new Uint32Array(room), count: 0 })
        pick.picked[pick.count++] = at
      }
    },
    send(destinations, into) {
      for (const [target, pick] of picks.entries()) {
        if (pick === undefined || pick.count === 0) continue
        destinations.addPicked(target, columns, pick.picked, pick.count, (batch) => into(target, batch))
      }
      clear()
    },
    clear,
  }
}
