import type { QueuedEvent } from '#lib/event-queue'

/** Events that are in the journal and not yet known to be on the queue, oldest first. */
export interface Outbox {
  readonly waiting: number
  /** No more is taken: judge refuses batches until the queue has room, so that nothing is dropped and memory stays bounded. */
  readonly full: boolean
  add(events: readonly QueuedEvent[]): void
  /** Up to `count` of the oldest; they stay until released. */
  oldest(count: number): QueuedEvent[]
  /** Forgets all events up to this sequence. */
  release(sequence: number): void
  all(): readonly QueuedEvent[]
  onAdd(listener: () => void): void
}

export function createOutbox(maxWaiting: number): Outbox {
  let events: QueuedEvent[] = []
  let first = 0
  let listener = () => {}
  return {
    get waiting() {
      return events.length - first
    },
    get full() {
      return events.length - first >= maxWaiting
    },
    add(more) {
      if (more.length === 0) return
      for (const event of more) events.push(event)
      listener()
    },
    oldest: (count) => events.slice(first, first + count),
    release(sequence) {
      while (first < events.length && (events[first]?.sequence ?? 0) <= sequence) first++
      // Cutting the front off each time would make draining a long outbox quadratic.
      if (first > 1000 || first === events.length) {
        events = events.slice(first)
        first = 0
      }
    },
    all: () => events.slice(first),
    onAdd(added) {
      listener = added
    },
  }
}
