import { setImmediate } from 'node:timers/promises'
import { createFrameWriter } from '../journal/frame.ts'
import type { JournalRecord } from '../journal/records.ts'
import type { SnapshotWriter } from '../journal/journal.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import type { JudgeState } from './state.ts'

/** Bytes written before others get their turn. */
const sliceBytes = 256 * 1024

/**
 * Replaces the journal so far by a snapshot, a slice at a time. Points that come meanwhile go into a new journal file;
 * that a slice may already hold some of them does not matter, because reading a point twice changes nothing.
 * @throws when the disk refuses; the old files then stay in force.
 */
export async function writeSnapshot(state: JudgeState, opening: () => JournalRecord): Promise<void> {
  await state.journal.sync()
  const snapshot = state.journal.beginSnapshot()
  try {
    await writeSlices(state, snapshot, opening())
    await snapshot.commit()
  } catch (error) {
    snapshot.abort()
    throw error
  }
}

async function writeSlices(state: JudgeState, snapshot: SnapshotWriter, opening: JournalRecord): Promise<void> {
  const frame = createFrameWriter()
  const columns = createColumns()
  const flush = async () => {
    snapshot.write(frame.finish())
    await setImmediate()
  }
  frame.record(opening)
  for (const series of state.registry.all()) {
    if (series.number === 0) continue
    frame.series(series)
    columns.add(series)
    if (frame.size + 20 * columns.count < sliceBytes) continue
    columns.flushInto(frame)
    await flush()
  }
  columns.flushInto(frame)
  // From here to the end nothing else runs, so alarms and waiting events are of one moment.
  for (const series of state.alarmed)
    for (const [key, alarm] of series.alarms ?? []) frame.record({ is: 'alarm', series: series.number, key, alarm })
  for (const event of state.outbox.all()) frame.record({ is: 'event', ...event })
  snapshot.write(frame.finish())
}

function createColumns() {
  let numbers = new Uint32Array(16 * 1024)
  let timestamps = new Float64Array(16 * 1024)
  let values = new Float64Array(16 * 1024)
  let count = 0
  return {
    get count() {
      return count
    },
    add({ history, number }: TrackedSeries) {
      if (count + history.count > numbers.length) {
        const length = 2 * (count + history.count)
        const before = { numbers, timestamps, values }
        numbers = new Uint32Array(length)
        timestamps = new Float64Array(length)
        values = new Float64Array(length)
        numbers.set(before.numbers)
        timestamps.set(before.timestamps)
        values.set(before.values)
      }
      for (let i = history.count - 1; i >= 0; i--) {
        numbers[count] = number
        timestamps[count] = history.timestampAt(i)
        values[count] = history.valueAt(i)
        count++
      }
    },
    flushInto(frame: ReturnType<typeof createFrameWriter>) {
      if (count > 0) frame.points(count, numbers, timestamps, values)
      count = 0
    },
  }
}
