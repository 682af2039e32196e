import type { NumberedSeries, SampleColumns } from '#lib/link'
import type { Batch, NumberedColumns } from './destination.ts'

/** Columns with room for more. */
interface OpenColumns {
  count: number
  series: NumberedSeries[]
  numbers: Uint32Array
  timestamps: Float64Array
  values: Float64Array
}

/**
 * `open`: collecting. `ready`: waiting to be sent. `sent`: no answer yet. `spooled`: on disk, perhaps sent and without
 * answer. `done`: acknowledged, or given back.
 */
export type BatchState = 'open' | 'ready' | 'sent' | 'spooled' | 'done'

/** A batch from its first sample until it is safe. */
export interface LiveBatch extends Batch {
  state: BatchState
  /** Of its record in the spool, once it is there. */
  sequence: number
  readonly columns: SampleColumns
  add(series: NumberedSeries, timestamp: number, value: number): void
  /** Adds the samples of `from` at `picked[start]` to `picked[end - 1]`. There must be room for them. */
  addPicked(from: NumberedColumns, picked: Uint32Array, start: number, end: number): void
  /** Keeps no more memory than its samples need; the rest goes to the next batch. */
  close(): void
  /** Its samples are safe. */
  settle(): void
  /** Neither peer nor disk took its samples. */
  giveBack(reason: Error): void
}

/** Makes batches of at most `batchSize` samples; `onDeadline` is called when one is still not settled after `ackWithinMs`. */
export function createBatches(batchSize: number, ackWithinMs: number, onDeadline: (batch: LiveBatch) => void) {
  let spare: OpenColumns | undefined

  return function open(): LiveBatch {
    let columns = spare ?? emptyColumns(batchSize)
    spare = undefined
    let resolve: () => void = () => undefined
    let reject: (reason: Error) => void = () => undefined
    const settled = new Promise<void>((onSettled, onGivenBack) => {
      resolve = onSettled
      reject = onGivenBack
    })
    // Whoever added the samples hears of it; where nobody waits, the counters and the log still tell.
    settled.catch(() => undefined)
    const batch: LiveBatch = {
      settled,
      state: 'open',
      sequence: -1,
      get columns() {
        return columns
      },
      add(series, timestamp, value) {
        const i = columns.count++
        columns.series[i] = series
        columns.numbers[i] = series.number
        columns.timestamps[i] = timestamp
        columns.values[i] = value
      },
      addPicked(from, picked, start, end) {
        const { series, numbers, timestamps, values } = columns
        let i = columns.count
        for (let at = start; at < end; at++, i++) {
          const pick = picked[at] as number
          series[i] = from.series[pick] as NumberedSeries
          numbers[i] = from.numbers[pick] as number
          timestamps[i] = from.timestamps[pick] as number
          values[i] = from.values[pick] as number
        }
        columns.count = i
      },
      close() {
        if (columns.count * 2 > batchSize) return
        const roomy = columns
        columns = copyOf(roomy)
        roomy.count = 0
        spare = roomy
      },
      settle() {
        clearTimeout(timer)
        resolve()
      },
      giveBack(reason) {
        clearTimeout(timer)
        reject(reason)
      },
    }
    const timer = setTimeout(() => onDeadline(batch), ackWithinMs)
    return batch
  }
}

function emptyColumns(size: number): OpenColumns {
  return {
    count: 0,
    series: [],
    numbers: new Uint32Array(size),
    timestamps: new Float64Array(size),
    values: new Float64Array(size),
  }
}

function copyOf({ count, series, numbers, timestamps, values }: OpenColumns): OpenColumns {
  return {
    count,
    series: series.slice(0, count),
    numbers: numbers.slice(0, count),
    timestamps: timestamps.slice(0, count),
    values: values.slice(0, count),
  }
}
