import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { checksumOf } from './checksum.ts'
import { encodeBlock, largestBlock } from './codec.ts'
import type { RowColumns } from './rows.ts'
import {
  directoryEntryBytes,
  footerBytes,
  segmentMagic,
  segmentName,
  seriesPerPage,
  tableBytes,
} from './segment-format.ts'
import type { SegmentSpan } from './segment-format.ts'

/** Bytes collected before they are written. */
const chunkBytes = 2 ** 20

/** Writes one segment under a temporary name; it appears whole or not at all. */
export interface SegmentWriter {
  /** Adds a series' values, `values[offset, offset + rows)`. Series come in ascending order, each once. */
  addValues(series: number, values: Float64Array, offset: number): void
  /** Adds a series' coarser rows. */
  addRows(series: number, rows: RowColumns): void
  /** Writes what has been collected, when it is worth a write. */
  drain(): Promise<void>
  /** The finished file's path. Its bytes are on the disk when this resolves, its name once the folder is synced. */
  finish(): Promise<string>
  /** Removes the temporary file. */
  abandon(): Promise<void>
}

export async function createSegmentWriter(dir: string, span: SegmentSpan): Promise<SegmentWriter> {
  const path = join(dir, segmentName(span))
  const temporary = `${path}.tmp`
  const file: FileHandle = await open(temporary, 'w')
  const blockRoom = 5 + 4 * largestBlock(span.rows)
  let page = new Uint8Array(Math.max(64 * 1024, tableBytes + blockRoom))
  let pageLength = 0
  let pageNumber = -1
  let table = new DataView(page.buffer)
  let nextInPage = 0
  const directory: { page: number; position: number; bytes: number }[] = []
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let position = 0
  let isOpen = true

  function queue(bytes: Uint8Array): void {
    pending.push(bytes)
    pendingBytes += bytes.length
    position += bytes.length
  }

  function startBlock(series: number): number {
    const wanted = Math.floor(series / seriesPerPage)
    if (wanted !== pageNumber) {
      endPage()
      pageNumber = wanted
      pageLength = tableBytes
      nextInPage = 0
    }
    if (page.length < pageLength + blockRoom) {
      const larger = new Uint8Array(Math.max(page.length * 2, pageLength + blockRoom))
      larger.set(page.subarray(0, pageLength))
      page = larger
      table = new DataView(page.buffer)
    }
    fillTable(series % seriesPerPage)
    return pageLength + 4
  }

  /** Series up to and with this place begin where the next block begins: those left out get no bytes. */
  function fillTable(place: number): void {
    for (; nextInPage <= place; nextInPage++) table.setUint32(4 * nextInPage, pageLength, true)
  }

  function endBlock(series: number, end: number): void {
    table.setUint32(pageLength, checksumOf(page, pageLength + 4, end, series), true)
    pageLength = end
  }

  function endPage(): void {
    if (pageNumber < 0) return
    fillTable(seriesPerPage)
    table.setUint32(tableBytes - 4, checksumOf(page, 0, tableBytes - 4, pageNumber), true)
    directory.push({ page: pageNumber, position, bytes: pageLength })
    queue(page.slice(0, pageLength))
    pageNumber = -1
  }

  async function writeOut(): Promise<void> {
    const chunks = pending
    pending = []
    pendingBytes = 0
    for (const chunk of chunks) {
      for (let written = 0; written < chunk.length;)
        written += (await file.write(chunk, written, chunk.length - written)).bytesWritten
    }
  }

  queue(segmentMagic)
  return {
    addValues(series, values, offset) {
      const start = startBlock(series)
      endBlock(series, encodeBlock(page, start, values, offset, span.rows))
    },
    addRows(series, rows) {
      const start = startBlock(series)
      const plain = isPlain(rows, span.rows)
      page[start] = plain ? 1 : 0
      let end = encodeBlock(page, start + 1, rows.average, 0, span.rows)
      end = encodeBlock(page, end, rows.count, 0, span.rows)
      if (!plain) {
        end = encodeBlock(page, end, rows.min, 0, span.rows)
        end = encodeBlock(page, end, rows.max, 0, span.rows)
      }
      endBlock(series, end)
    },
    async drain() {
      if (pendingBytes >= chunkBytes) await writeOut()
    },
    async finish() {
      endPage()
      const bytes = new Uint8Array(directory.length * directoryEntryBytes)
      const view = new DataView(bytes.buffer)
      directory.forEach((entry, i) => {
        view.setUint32(i * directoryEntryBytes, entry.page, true)
        view.setFloat64(i * directoryEntryBytes + 4, entry.position, true)
        view.setUint32(i * directoryEntryBytes + 12, entry.bytes, true)
      })
      const directoryAt = position
      queue(bytes)
      queue(footer(span, directoryAt, directory.length, checksumOf(bytes, 0, bytes.length, 0)))
      await writeOut()
      await file.datasync()
      await file.close()
      isOpen = false
      await rename(temporary, path)
      return path
    },
    async abandon() {
      if (isOpen) await file.close()
      await rm(temporary, { force: true })
    },
  }
}

/** Whether minima and maxima say no more than the averages. */
function isPlain(rows: RowColumns, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const average = rows.average[i] ?? NaN
    if (average === average && (rows.min[i] !== average || rows.max[i] !== average)) return false
  }
  return true
}

function footer(span: SegmentSpan, directoryAt: number, pages: number, directoryChecksum: number): Uint8Array {
  const bytes = new Uint8Array(footerBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, span.width, true)
  view.setUint32(4, span.rows, true)
  view.setFloat64(8, span.firstRow, true)
  view.setFloat64(16, span.sequence, true)
  view.setFloat64(24, span.walSequence, true)
  view.setFloat64(32, directoryAt, true)
  view.setUint32(40, pages, true)
  view.setUint32(44, directoryChecksum, true)
  bytes.set(segmentMagic, 52)
  view.setUint32(60, checksumOf(bytes, 0, 60, 0), true)
  return bytes
}

/** A rename is on the disk once its folder is. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
