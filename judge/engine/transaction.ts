import type { CounterType } from '#protocol'
import type { QueuedEvent } from '#lib/event-queue'
import type { Alarm } from '../alarms/alarm.ts'
import type { FrameWriter } from '../journal/frame.ts'
import type { JournalRecord } from '../journal/records.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'

/** Numbers given out so far; each rises for ever. */
export interface Numbers {
  /** Of the last event. */
  sequence: number
  /** Of the last series. */
  series: number
}

interface AlarmUndo {
  readonly series: TrackedSeries
  readonly key: string
  readonly before: Alarm | undefined
}

interface FormUndo {
  readonly series: TrackedSeries
  readonly counterType: CounterType
  readonly step: number
  readonly number: number
}

/**
 * Changes to points and alarms that become one frame of the journal, or are taken back as if they had never been made.
 * They apply at once, so that a batch sees its own earlier points. One transaction is open at a time.
 */
export class Transaction {
  private readonly numbers: Numbers
  private readonly frame: FrameWriter
  private count = 0
  /** Not emptied between batches: it keeps a batch of series alive at most. */
  private touched: TrackedSeries[] = []
  private seriesNumbers = new Uint32Array(1024)
  private timestamps = new Float64Array(1024)
  private values = new Float64Array(1024)
  private full = new Uint8Array(1024)
  private oldTimestamps = new Float64Array(1024)
  private oldValues = new Float64Array(1024)
  private forms: FormUndo[] = []
  private alarms: AlarmUndo[] = []
  private records: JournalRecord[] = []
  private events: QueuedEvent[] = []
  private firstSequence = 0

  constructor(numbers: Numbers, frame: FrameWriter) {
    this.numbers = numbers
    this.frame = frame
  }

  /** Appends a point that is newer than the newest. */
  point(series: TrackedSeries, timestamp: number, value: number, counterType: CounterType, step: number): void {
    if (series.number === 0 || series.counterType !== counterType || series.step !== step)
      this.describe(series, counterType, step)
    const i = this.count++
    if (i === this.timestamps.length) this.grow()
    const { history } = series
    const full = history.count === history.capacity
    this.touched[i] = series
    this.seriesNumbers[i] = series.number
    this.timestamps[i] = timestamp
    this.values[i] = value
    this.full[i] = full ? 1 : 0
    if (full) {
      this.oldTimestamps[i] = history.timestampAt(history.capacity - 1)
      this.oldValues[i] = history.valueAt(history.capacity - 1)
    }
    history.push(timestamp, value)
  }

  /** Replaces what is remembered of an event id. */
  alarm(series: TrackedSeries, key: string, alarm: Alarm): void {
    if (series.number === 0) this.describe(series, series.counterType, series.step)
    series.alarms ??= new Map()
    this.alarms.push({ series, key, before: series.alarms.get(key) })
    series.alarms.set(key, alarm)
    this.records.push({ is: 'alarm', series: series.number, key, alarm })
  }

  /** Gives an event the next sequence. It may leave only after `commit`. */
  event(priority: number, json: string): void {
    if (this.events.length === 0) this.firstSequence = this.numbers.sequence + 1
    const event = { sequence: ++this.numbers.sequence, priority, json }
    this.events.push(event)
    this.records.push({ is: 'event', ...event })
  }

  /**
   * Hands the frame to `append` and returns the events made. When `append` throws, everything since the last commit is
   * undone and the error goes on.
   */
  commit(append: (frame: Uint8Array) => void): readonly QueuedEvent[] {
    if (this.count === 0 && this.records.length === 0 && this.forms.length === 0) return []
    try {
      for (const { series } of this.forms) this.frame.series(series)
      if (this.count > 0) this.frame.points(this.count, this.seriesNumbers, this.timestamps, this.values)
      for (const record of this.records) this.frame.record(record)
      append(this.frame.finish())
    } catch (error) {
      this.frame.discard()
      this.rollback()
      throw error
    }
    const { events } = this
    this.clear()
    return events
  }

  /** Takes everything since the last commit back, newest first. */
  rollback(): void {
    for (const { series, key, before } of this.alarms.toReversed()) {
      if (before) series.alarms?.set(key, before)
      else series.alarms?.delete(key)
      if (series.alarms?.size === 0) series.alarms = undefined
    }
    for (let i = this.count - 1; i >= 0; i--)
      this.touched[i]?.history.unpush(this.full[i] === 1, this.oldTimestamps[i] ?? 0, this.oldValues[i] ?? 0)
    for (const { series, counterType, step, number } of this.forms.toReversed()) {
      series.counterType = counterType
      series.history.gauge = counterType === 'GAUGE'
      series.step = step
      series.number = number
    }
    if (this.events.length > 0) this.numbers.sequence = this.firstSequence - 1
    this.clear()
  }

  private describe(series: TrackedSeries, counterType: CounterType, step: number): void {
    this.forms.push({ series, counterType: series.counterType, step: series.step, number: series.number })
    if (series.number === 0) series.number = ++this.numbers.series
    series.counterType = counterType
    series.history.gauge = counterType === 'GAUGE'
    series.step = step
  }

  private clear(): void {
    this.count = 0
    if (this.forms.length > 0) this.forms = []
    if (this.alarms.length > 0) this.alarms = []
    if (this.records.length > 0) this.records = []
    if (this.events.length > 0) this.events = []
  }

  private grow(): void {
    const longer = <T extends Uint8Array | Uint32Array | Float64Array>(
      column: T,
      make: new (length: number) => T,
    ): T => {
      const grown = new make(2 * column.length)
      grown.set(column)
      return grown
    }
    this.seriesNumbers = longer(this.seriesNumbers, Uint32Array)
    this.timestamps = longer(this.timestamps, Float64Array)
    this.values = longer(this.values, Float64Array)
    this.full = longer(this.full, Uint8Array)
    this.oldTimestamps = longer(this.oldTimestamps, Float64Array)
    this.oldValues = longer(this.oldValues, Float64Array)
  }
}
