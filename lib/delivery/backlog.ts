import { createRecordEncoder, decodeRecord } from '#lib/link'
import type { LinkAck, NumberedSeries, SampleColumns, SeriesTable, SlotBatch } from '#lib/link'
import type { Logger } from '#lib/log'
import type { Spool, SpoolRecord } from '#lib/spool'
import type { Ledger } from './ledger.ts'

/** Spooled samples that are sent again together. */
export interface Replay {
  readonly columns: SampleColumns
  /** Number of records they come from, which are the oldest of the spool. */
  readonly records: number
  /** Sequence of the last of these. */
  readonly last: number
}

/** A destination's spool, as batches of samples. Records whose first sending is still unanswered are not sent again. */
export interface Backlog {
  /** Puts samples on disk and returns the record's sequence. `unanswered`: they are at the peer, which may yet answer. Throws what the disk says. */
  store(columns: SampleColumns, unanswered: boolean): number
  /** The answer to a sending that was unanswered when its samples were stored. */
  answeredLate(sequence: number, ack: LinkAck): void
  /** The same when it failed: the samples are to be sent again. */
  failedLate(sequence: number): void
  /** The oldest samples to be sent again, about `maxSamples` of them; undefined when there are none, or none yet. */
  next(maxSamples: number): Replay | undefined
  /** Counts and releases what a replay brought to the peer. */
  delivered(replay: Replay, ack: LinkAck): void
  /** Whether anything is on disk beyond `replay`. */
  hasMoreThan(replay: Replay | undefined): boolean
}

const maxReplayBytes = 4 * 2 ** 20

export function createBacklog(spool: Spool, series: SeriesTable, ledger: Ledger, log: Logger): Backlog {
  const encode = createRecordEncoder()
  const unanswered = new Set<number>()
  const lateAnswers = new Map<number, LinkAck>()

  /** Releases records up to `last`; what the spool dropped meanwhile was counted as dropped and is not counted again. */
  function release(last: number, samples: number, { taken, refused }: LinkAck): void {
    const gone = samples - spool.release({ sequence: last })
    const goneTaken = Math.min(gone, taken)
    ledger.answered({ taken: taken - goneTaken, refused: refused - (gone - goneTaken) })
  }

  /** Settles the oldest records that were answered late, or that cannot be read. Returns the first other one. */
  function oldestToSend(): SpoolRecord | undefined {
    for (let record = spool.peek(); record; record = spool.peek()) {
      forgetBefore(record.sequence)
      const answer = lateAnswers.get(record.sequence)
      if (!answer) return unanswered.has(record.sequence) ? undefined : record
      release(record.sequence, record.items, answer)
    }
    return undefined
  }

  /** Late answers to records that the spool has dropped. */
  function forgetBefore(sequence: number): void {
    for (const key of lateAnswers.keys()) if (key < sequence) lateAnswers.delete(key)
  }

  function read(record: SpoolRecord): SlotBatch<NumberedSeries> | undefined {
    try {
      return decodeRecord(record.data, (one) =>
        series.intern(one.endpoint, one.metric, one.tags, one.counterType, one.step),
      )
    } catch (error) {
      log.error({ err: error, samples: record.items }, 'spooled batch cannot be read')
      return undefined
    }
  }

  return {
    store(columns, isUnanswered) {
      const sequence = spool.append(encode(columns), columns.count)
      if (isUnanswered) unanswered.add(sequence)
      ledger.spooled(columns.count)
      return sequence
    },
    answeredLate(sequence, ack) {
      unanswered.delete(sequence)
      lateAnswers.set(sequence, ack)
      oldestToSend()
    },
    failedLate: (sequence) => void unanswered.delete(sequence),
    next(maxSamples) {
      while (oldestToSend()) {
        const batches: SlotBatch<NumberedSeries>[] = []
        let last: SpoolRecord | undefined
        for (const record of spool.peekMany(maxSamples, maxReplayBytes)) {
          if (unanswered.has(record.sequence) || lateAnswers.has(record.sequence)) break
          const batch = read(record)
          if (batch) batches.push(batch)
          else if (!last) ledger.dropped(spool.release(record), 'corrupt')
          if (!batch) break
          last = record
        }
        if (last) return { columns: joined(batches), records: batches.length, last: last.sequence }
      }
      return undefined
    },
    delivered: ({ columns, last }, ack) => release(last, columns.count, ack),
    hasMoreThan: (replay) => spool.stats().records > (replay?.records ?? 0),
  }
}

function joined(batches: readonly SlotBatch<NumberedSeries>[]): SampleColumns {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0)
  const timestamps = new Float64Array(count)
  const values = new Float64Array(count)
  const series: NumberedSeries[] = []
  for (const batch of batches) {
    timestamps.set(batch.timestamps, series.length)
    values.set(batch.values, series.length)
    for (const slot of batch.slots) series.push(slot)
  }
  return { count, series, timestamps, values }
}
