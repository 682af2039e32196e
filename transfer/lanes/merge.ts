import type { DestinationRow, RejectedReport } from './faces.ts'
import type { ReceivedOf } from '../endpoint-counts.ts'
import type { SeenRow } from '../watches.ts'

/** The destinations of several lanes, which have the same in the same order, as one list. */
export function mergeDestinations(lists: readonly (readonly DestinationRow[])[]): DestinationRow[] {
  const [first = [], ...others] = lists
  return first.map((row, i) => others.reduce<DestinationRow>((sum, list) => addedRow(sum, list[i]), row))
}

function addedRow(a: DestinationRow, b: DestinationRow | undefined): DestinationRow {
  if (!b) return a
  const { spooled, dropped } = a
  return {
    ...a,
    connected: a.connected && b.connected,
    queued: a.queued + b.queued,
    inFlight: a.inFlight + b.inFlight,
    spooled: {
      items: spooled.items + b.spooled.items,
      bytes: spooled.bytes + b.spooled.bytes,
      oldestSeconds: Math.max(spooled.oldestSeconds, b.spooled.oldestSeconds),
    },
    given: a.given + b.given,
    inherited: a.inherited + b.inherited,
    delivered: a.delivered + b.delivered,
    refused: a.refused + b.refused,
    returned: a.returned + b.returned,
    dropped: {
      size: dropped.size + b.dropped.size,
      age: dropped.age + b.dropped.age,
      corrupt: dropped.corrupt + b.dropped.corrupt,
    },
    lastError: a.lastError ?? b.lastError,
    lastRefusal: a.lastRefusal ?? b.lastRefusal,
    diskError: a.diskError ?? b.diskError,
  }
}

/** Counts added up, of the examples of each reason the latest `keep`. */
export function mergeRejected(reports: readonly RejectedReport[], keep: number): RejectedReport {
  const merged: RejectedReport = {}
  for (const report of reports)
    for (const [reason, { count, examples }] of Object.entries(report)) {
      const known = merged[reason] ?? { count: 0, examples: [] }
      const all = [...known.examples, ...examples].toSorted((a, b) => b.time - a.time)
      merged[reason] = { count: known.count + count, examples: all.slice(0, keep) }
    }
  return merged
}

/** Newest first, as many as one lane would show. */
export function mergeSeen(lists: readonly (readonly SeenRow[])[], keep: number): SeenRow[] {
  if (lists.length === 1) return [...(lists[0] ?? [])]
  return lists
    .flat()
    .toSorted((a, b) => b.Value.timestamp - a.Value.timestamp)
    .slice(0, keep)
}

export function mergeReceived(all: readonly (ReceivedOf | undefined)[]): ReceivedOf | undefined {
  const known = all.filter((one) => one !== undefined)
  if (known.length === 0) return undefined
  return {
    received: known.reduce((sum, { received }) => sum + received, 0),
    lastSeconds: Math.max(...known.map(({ lastSeconds }) => lastSeconds)),
  }
}
