import { randomUUID } from 'node:crypto'
import type { QueuedEvent } from '#lib/event-queue'
import type { FrameVisitor, SeriesEntry } from '../journal/frame.ts'
import type { JournalRecord } from '../journal/records.ts'
import type { createHistories } from '../series/history.ts'
import type { Registry } from '../series/registry.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { createSeries } from './intake.ts'
import type { Numbers } from './transaction.ts'

/** What earlier runs left, put together from the journal. */
export interface Recovered {
  /** Our name at the event queue, the same for as long as the journal lives. */
  producer: string
  readonly numbers: Numbers
  /** Events that are not known to be on the queue, oldest first. */
  events: QueuedEvent[]
  readonly alarmed: Set<TrackedSeries>
}

/** Rebuilds series, alarms and waiting events. Reading something twice changes nothing, as overlapping files do. */
export function createRecovery(
  registry: Registry,
  histories: ReturnType<typeof createHistories>,
  capacityOf: (series: SeriesEntry) => number,
): { visitor: FrameVisitor; finish(): Recovered } {
  const byNumber = new Map<number, TrackedSeries>()
  const numbers: Numbers = { sequence: 0, series: 0 }
  const alarmed = new Set<TrackedSeries>()
  const events: QueuedEvent[] = []
  let producer: string | undefined
  let lastEvent = 0
  let queued = 0

  function describe(entry: SeriesEntry): void {
    const { endpoint, metric, tags, counterType, step, number } = entry
    let series = registry.get(endpoint, metric, tags)
    if (!series) {
      series = createSeries(endpoint, metric, tags, counterType, step, histories.take(capacityOf(entry)))
      registry.add(series)
    }
    series.number = number
    series.counterType = counterType
    series.history.gauge = counterType === 'GAUGE'
    series.step = step
    byNumber.set(number, series)
    numbers.series = Math.max(numbers.series, number)
  }

  function remember(record: JournalRecord): void {
    switch (record.is) {
      case 'open':
        if (record.format !== 1)
          throw new Error(`Cannot read the journal: it is in format ${String(record.format)}, this version knows 1`)
        producer = record.producer
        numbers.sequence = Math.max(numbers.sequence, record.sequence)
        numbers.series = Math.max(numbers.series, record.series)
        break
      case 'alarm': {
        const series = byNumber.get(record.series)
        if (!series) break
        series.alarms ??= new Map()
        // JSON has no NaN: it writes null.
        series.alarms.set(record.key, { ...record.alarm, leftValue: record.alarm.leftValue ?? Number.NaN })
        alarmed.add(series)
        break
      }
      case 'event':
        if (record.sequence <= lastEvent) break
        lastEvent = record.sequence
        numbers.sequence = Math.max(numbers.sequence, record.sequence)
        events.push({ sequence: record.sequence, priority: record.priority, json: record.json })
        break
      case 'queued':
        queued = Math.max(queued, record.sequence)
        break
      case 'dropped': {
        const series = byNumber.get(record.series)
        if (series?.number !== record.series) break
        registry.delete(series)
        alarmed.delete(series)
        byNumber.delete(record.series)
        histories.giveBack(series.history)
        break
      }
    }
  }

  return {
    visitor: {
      series: describe,
      point(number, timestamp, value) {
        const series = byNumber.get(number)
        if (!series) return
        const { history } = series
        if (history.count > 0 && timestamp <= history.newest) return
        history.push(timestamp, value)
        series.lastArrival = timestamp
      },
      record: remember,
    },
    finish: () => ({
      producer: producer ?? `judge-${randomUUID()}`,
      numbers,
      events: events.filter((event) => event.sequence > queued),
      alarmed,
    }),
  }
}
