import type { LinkAck, SampleColumns } from '#lib/link'
import type { Availability } from './availability.ts'
import type { Refusals } from './refusals.ts'
import type { SinkPeer } from './sink.ts'

/** What a sink shows of itself, from the pieces that know it. `close` comes once, after it counts as away. */
export function createSinkPeer(parts: {
  readonly availability: Availability
  readonly refusals: Refusals
  send(columns: SampleColumns): Promise<LinkAck>
  close(): Promise<void> | void
}): SinkPeer {
  const { availability, refusals } = parts
  return {
    get connected() {
      return availability.up
    },
    get lastError() {
      return availability.lastError
    },
    get lastRefusal() {
      return refusals.last
    },
    onConnect: (listener) => availability.onUp(listener),
    send: (columns) => parts.send(columns),
    async close() {
      availability.close()
      await parts.close()
    },
  }
}
