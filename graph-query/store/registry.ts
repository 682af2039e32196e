import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { largestPayload, openBlockLog, readBlocks } from './block-log.ts'
import type { BlockLog, BlockReading, BlockReport } from './block-log.ts'

export type SeriesKind = 'GAUGE' | 'DERIVE'

/** One stored series. A counter whose kind or step changes becomes another series; both stay readable. */
export interface SeriesRecord {
  /** Never reused, also not after deletion. */
  readonly id: number
  readonly endpoint: string
  /** `metric` or `metric/k=v,…` */
  readonly counter: string
  /** DERIVE for everything whose rate matters. */
  readonly kind: SeriesKind
  /** Seconds. */
  readonly step: number
  /** Number among the series of its step. */
  readonly place: number
}

/** The list of series on disk: a log of definitions and deletions. */
export interface Registry {
  add(record: SeriesRecord): void
  remove(id: number): void
  /** Resolves when everything added and removed so far is with the operating system. */
  flush(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** Definitions in one block, unless their names are so long that it would be too large. */
const entriesPerBlock = 1024

type Entry =
  | readonly ['+', id: number, endpoint: string, counter: string, kind: SeriesKind, step: number, place: number]
  | readonly ['-', id: number]

/** Reads the list. `onRemove` follows the `onAdd` of the same number. */
export function readRegistry(
  dir: string,
  onAdd: (record: SeriesRecord) => void,
  onRemove: (id: number) => void,
  options: BlockReading = { repair: true },
): BlockReport {
  const path = join(dir, 'series.log')
  if (!existsSync(path)) return { blocks: 0, bytes: 0, skipped: 0, torn: 0 }
  return readBlocks(
    path,
    (payload) => {
      const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString()
      for (const entry of JSON.parse(text) as Entry[]) {
        if (entry[0] === '-') onRemove(entry[1])
        else {
          const [, id, endpoint, counter, kind, step, place] = entry
          onAdd({ id, endpoint, counter, kind, step, place })
        }
      }
    },
    options,
  )
}

export async function openRegistry(dir: string): Promise<Registry> {
  const log: BlockLog = await openBlockLog(join(dir, 'series.log'))
  let waiting: Entry[] = []
  let flushing: Promise<void> = Promise.resolve()

  async function writeWaiting(): Promise<void> {
    let most = entriesPerBlock
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most)
      const payload = Buffer.from(JSON.stringify(batch))
      if (payload.length > largestPayload && batch.length > 1) {
        most = Math.ceil(batch.length / 2)
        continue
      }
      await log.append(payload)
      waiting = waiting.slice(batch.length)
    }
  }

  function flush(): Promise<void> {
    if (waiting.length === 0) return flushing
    flushing = flushing.then(writeWaiting, writeWaiting)
    return flushing
  }

  return {
    add(record) {
      waiting.push(['+', record.id, record.endpoint, record.counter, record.kind, record.step, record.place])
    },
    remove(id) {
      waiting.push(['-', id])
    },
    flush,
    sync: () => log.sync(),
    async close() {
      // Not beside a flush that is under way: both would write the same entries.
      await flush()
      await log.sync()
      await log.close()
    },
  }
}
