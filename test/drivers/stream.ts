import { setTimeout as sleep } from 'node:timers/promises'
import { createFalconClient } from './falcon-client.ts'
import type { SentItem } from './falcon-client.ts'

/** Sends batches until each is acknowledged, as an agent does, and remembers what was acknowledged. */
export interface Stream {
  /** Settles when transfer has acknowledged the batch; repeats it after any failure. */
  send(items: readonly SentItem[]): Promise<void>
  readonly acknowledged: SentItem[]
  /** How often a batch had to be sent again. */
  readonly repeats: number
  close(): void
}

/** Rejects a batch that is still unacknowledged after `patienceMs`. */
export function createStream(port: number, patienceMs = 60_000): Stream {
  const client = createFalconClient(port)
  const acknowledged: SentItem[] = []
  let repeats = 0
  return {
    acknowledged,
    get repeats() {
      return repeats
    },
    async send(items) {
      const deadline = Date.now() + patienceMs
      for (;;) {
        try {
          const answer = (await client.call('Transfer.Update', items, 5000)) as { Total: number; Invalid: number }
          if (answer.Total !== items.length || answer.Invalid !== 0)
            throw new RangeError(`transfer took ${answer.Total - answer.Invalid} of ${items.length} items`)
          acknowledged.push(...items)
          return
        } catch (error) {
          if (error instanceof RangeError || Date.now() > deadline) throw error
          repeats++
          await sleep(50)
        }
      }
    },
    close: () => client.close(),
  }
}
