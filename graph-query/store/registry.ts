import { existsSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlockLog, readBlocks } from './block-log.ts'
import type { BlockLog, BlockReading, BlockReport } from './block-log.ts'
import { encodeBlock, readBlock } from './registry-block.ts'
import type { RegistryReader, TextEntry } from './registry-block.ts'
import type { SeriesRecord } from './series-record.ts'
import { syncFolder } from './segment-writer.ts'

/** The list of series on disk: a log of definitions and deletions. */
export interface Registry {
  add(id: number): void
  remove(id: number): void
  /** Resolves when everything added and removed so far is with the operating system. */
  flush(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

const fileName = 'series.log'

/** Reads the list; `definitions` counts those in it, deleted ones included. */
export function readRegistry(
  dir: string,
  reader: RegistryReader,
  options: BlockReading = { repair: true },
): BlockReport & { readonly definitions: number } {
  const path = join(dir, fileName)
  // Left by a death while the list was being rewritten: the list itself is whole.
  if (options.repair) rmSync(`${path}.tmp`, { force: true })
  if (!existsSync(path)) return { blocks: 0, bytes: 0, skipped: 0, torn: 0, definitions: 0 }
  let definitions = 0
  const report = readBlocks(path, (payload) => (definitions += readBlock(payload, reader)), options)
  return { ...report, definitions }
}

/** Opens the list for additions. `describe` tells what a number that was added stands for, deleted or not. */
export async function openRegistry(dir: string, describe: (id: number) => SeriesRecord): Promise<Registry> {
  const log: BlockLog = await openBlockLog(join(dir, fileName))
  /** Added series as their numbers, removed ones as `~id`. */
  let waiting: number[] = []
  let written = 0
  let flushing: Promise<void> = Promise.resolve()

  async function writeWaiting(): Promise<void> {
    while (written < waiting.length) {
      const { payload, taken } = encodeBlock(waiting, written, describe)
      await log.append(payload)
      written += taken
    }
    waiting = []
    written = 0
  }

  function flush(): Promise<void> {
    if (waiting.length === 0) return flushing
    flushing = flushing.then(writeWaiting, writeWaiting)
    return flushing
  }

  return {
    add(id) {
      waiting.push(id)
    },
    remove(id) {
      waiting.push(~id)
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

/**
 * Puts a list in the place of the present one that has only the series in `ids`, and says what else was given out. To be
 * called while nothing has the list open. A death at any moment leaves the one or the other, whole.
 */
export async function rewriteRegistry(
  dir: string,
  ids: readonly number[],
  describe: (id: number) => SeriesRecord,
  given: Extract<TextEntry, readonly ['=', ...unknown[]]>,
): Promise<void> {
  const path = join(dir, fileName)
  const log = await openBlockLog(`${path}.tmp`)
  try {
    await log.append(Buffer.from(JSON.stringify([given])))
    for (let from = 0; from < ids.length;) {
      const { payload, taken } = encodeBlock(ids, from, describe)
      await log.append(payload)
      from += taken
    }
    await log.sync()
  } finally {
    await log.close()
  }
  await rename(`${path}.tmp`, path)
  await syncFolder(dir)
}
