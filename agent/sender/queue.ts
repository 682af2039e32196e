import type { ReceivedItem } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Spool, SpoolRecord } from '#lib/spool'

/** Items of one `Transfer.Update` call, and of one record of the spool. */
export const batchSize = 200

/** Items in memory beyond which the queue goes to disk at once, and beyond which the oldest are lost if the disk refuses. */
const memoryLimit = 10_000
const memoryBrim = 2 * memoryLimit

/** The oldest samples held. Stays the same object until it is settled. */
export interface HeldBatch {
  readonly items: readonly ReceivedItem[]
}

export interface QueueStats {
  readonly memoryItems: number
  readonly spoolItems: number
  readonly spoolBytes: number
  /** Seconds the oldest record of the spool has waited; 0 when the spool is empty. */
  readonly spoolOldestSeconds: number
}

/**
 * Samples between collection and acknowledgement, oldest first: a short part in memory, behind what is in the spool.
 * Whatever leaves it unsent is counted as `dropped.<reason>`.
 */
export interface SampleQueue {
  /** Resolves to true once each of them is settled or on disk, to false when some were dropped. */
  add(items: readonly ReceivedItem[]): Promise<boolean>
  head(): HeldBatch | undefined
  /**
   * Forgets a batch that `head` gave: the peer has it, or it will never take it. False when the batch was dropped in
   * the meantime, so that its items are counted already.
   */
  settle(batch: HeldBatch): boolean
  /** Moves what has been in memory for longer than this to disk, and all that is older with it. */
  spill(olderThanMs: number): void
  stats(): QueueStats
  /** Everything in memory goes to disk. */
  close(): void
}

interface Chunk {
  readonly items: ReceivedItem[]
  readonly sinceMs: number
  /** Handed out by `head`: it must not grow any more. */
  sealed: boolean
  /** Told once when the chunk leaves memory: whether its samples are safe. */
  readonly leave: (safe: boolean) => void
  readonly left: Promise<boolean>
}

function createChunk(sinceMs: number): Chunk {
  let leave: (safe: boolean) => void = () => undefined
  const left = new Promise<boolean>((resolve) => {
    leave = resolve
  })
  return { items: [], sinceMs, sealed: false, leave, left }
}

export function createSampleQueue(options: {
  spool: Spool
  counters: Counters
  log: Logger
  now: () => number
}): SampleQueue {
  const { spool, counters, log, now } = options
  const chunks: Chunk[] = []
  let memoryItems = 0
  let fromSpool: { record: SpoolRecord; batch: HeldBatch } | undefined
  /** Where a chunk went that was handed out before it went to disk. */
  const spilled = new WeakMap<HeldBatch, { sequence: number }>()
  let diskRefused = false
  let closed = false

  function shift(safe: boolean): Chunk | undefined {
    const chunk = chunks.shift()
    if (chunk) memoryItems -= chunk.items.length
    chunk?.leave(safe)
    return chunk
  }

  function toDisk(chunk: Chunk): boolean {
    try {
      const sequence = spool.append(encode(chunk.items), chunk.items.length)
      if (chunk.sealed) spilled.set(chunk, { sequence })
      diskRefused = false
      return true
    } catch (error) {
      if (!diskRefused) log.error({ err: error, memoryItems }, 'the spool refuses samples, they stay in memory')
      diskRefused = true
      return false
    }
  }

  /** Chunks are in order of age, so the ones to go are the first. */
  function spillWhile(wanted: (chunk: Chunk) => boolean): void {
    for (let first = chunks[0]; first && wanted(first); first = chunks[0]) {
      if (!toDisk(first)) return
      shift(true)
    }
  }

  function dropOverBrim(): void {
    while (memoryItems > memoryBrim) {
      const lost = shift(false)?.items.length ?? 0
      counters.add('dropped.disk', lost)
      log.warn({ items: lost }, 'samples dropped: memory is full and the spool refuses')
    }
  }

  function readSpool(): HeldBatch | undefined {
    for (let record = spool.peek(); record; record = spool.peek()) {
      if (fromSpool?.record.sequence === record.sequence) return fromSpool.batch
      const items = decode(record.data)
      if (items) {
        fromSpool = { record, batch: { items } }
        return fromSpool.batch
      }
      counters.add('dropped.corrupt', record.items)
      log.error({ items: record.items }, 'a record of the spool is not what was written, dropped')
      spool.release(record)
    }
    return undefined
  }

  function settle(batch: HeldBatch): boolean {
    if (chunks[0] === batch) {
      shift(true)
      return true
    }
    const record = fromSpool?.batch === batch ? fromSpool.record : spilled.get(batch)
    return record !== undefined && spool.release(record) > 0
  }

  return {
    add(items) {
      if (closed) {
        // Of a round that was still under way when the agent stopped.
        counters.add('dropped.stopped', items.length)
        return Promise.resolve(false)
      }
      const touched = new Set<Chunk>()
      for (let at = 0; at < items.length;) {
        let last = chunks.at(-1)
        if (!last || last.sealed || last.items.length >= batchSize || now() - last.sinceMs > 1000) {
          last = createChunk(now())
          chunks.push(last)
        }
        const part = items.slice(at, at + batchSize - last.items.length)
        last.items.push(...part)
        touched.add(last)
        memoryItems += part.length
        at += part.length
      }
      if (memoryItems > memoryLimit) {
        spillWhile(() => true)
        dropOverBrim()
      }
      return Promise.all([...touched].map((chunk) => chunk.left)).then((safe) => safe.every(Boolean))
    },
    head() {
      const spooled = readSpool()
      if (spooled) return spooled
      const first = chunks[0]
      if (first) first.sealed = true
      return first
    },
    settle,
    // What is younger than now is as old: the clock was set back.
    spill: (olderThanMs) => spillWhile((chunk) => Math.abs(now() - chunk.sinceMs) >= olderThanMs),
    stats() {
      const { items, bytes, oldestSeconds } = spool.stats()
      return { memoryItems, spoolItems: items, spoolBytes: bytes, spoolOldestSeconds: oldestSeconds }
    },
    close() {
      closed = true
      spillWhile(() => true)
      if (memoryItems > 0) {
        counters.add('dropped.disk', memoryItems)
        log.error({ items: memoryItems }, 'samples lost at stop: the spool refused them')
      }
      spool.close()
    },
  }
}

function encode(items: readonly ReceivedItem[]): Buffer {
  return Buffer.from(JSON.stringify(items))
}

/** Undefined when the bytes are not what `encode` makes. */
function decode(data: Uint8Array): ReceivedItem[] | undefined {
  try {
    const items: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString())
    return Array.isArray(items) ? (items as ReceivedItem[]) : undefined
  } catch {
    return undefined
  }
}
