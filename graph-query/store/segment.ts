import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { checksumOf } from './checksum.ts'
import { decodeBlock } from './codec.ts'
import type { RowColumns } from './rows.ts'
import { directoryEntryBytes, footerBytes, segmentMagic, seriesPerPage, tableBytes } from './segment-format.ts'
import type { Footer, SegmentSpan } from './segment-format.ts'

/** A finished segment, open for reading. Damaged blocks read as if they were not there, and are reported. */
export interface Segment extends SegmentSpan {
  readonly path: string
  readonly bytes: number
  /** Decodes the raw values of a series into the start of `out`; false when the segment has none of it. */
  readValues(series: number, out: Float64Array): boolean
  /** Decodes the coarser rows of a series into the start of each column. */
  readRows(series: number, out: RowColumns): boolean
  /** One past the highest series number in it. */
  readonly end: number
  /** The page numbers present, ascending. */
  readonly pages: Uint32Array
  /** Loads a whole page, so that reading its series one after another needs no further reads. */
  preload(page: number): void
  /** Gives back what `preload` holds. */
  release(): void
  close(): void
}

export type OnDamage = (path: string, what: string) => void

/** Opens a segment. Throws when its footer or directory is damaged: nothing of it can then be trusted. */
export function openSegment(path: string, onDamage: OnDamage): Segment {
  const fd = openSync(path, 'r')
  try {
    return readSegment(fd, path, onDamage)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function readSegment(fd: number, path: string, onDamage: OnDamage): Segment {
  const size = fstatSync(fd).size
  const footer = readFooter(fd, path, size)
  const { pages, positions, lengths } = readDirectory(fd, path, footer)
  // Every sum of what is read has been compared; this finds a writer that was wrong.
  assertContiguous(path, footer, pages, positions, lengths)
  const table = new Uint8Array(tableBytes)
  const offsets = new Uint32Array(table.buffer)
  let tableOf = -1
  let loadedPage = -1
  let loaded: Uint8Array | undefined
  let scratch = new Uint8Array(4096)
  const reported = new Set<string>()

  /** Once for each place, however often it is read. */
  function report(what: string): void {
    if (reported.has(what)) return
    reported.add(what)
    onDamage(path, what)
  }

  function loadTable(page: number, at: number): boolean {
    if (tableOf === page) return true
    tableOf = -1
    if (loaded && loadedPage === page) table.set(loaded.subarray(0, tableBytes))
    else readFully(fd, table, tableBytes, positions[at] ?? 0)
    if (checksumOf(table, 0, tableBytes - 4, page) !== offsets[seriesPerPage + 1]) {
      report(`table of series ${page * seriesPerPage} and following, at byte ${positions[at] ?? 0}`)
      return false
    }
    tableOf = page
    return true
  }

  function lastSeries(): number {
    const at = pages.length - 1
    const page = pages[at]
    if (page === undefined) return -1
    let last = seriesPerPage - 1
    if (loadTable(page, at)) while (last > 0 && offsets[last + 1] === offsets[last]) last--
    return page * seriesPerPage + last
  }

  /** Where the series' block is in the returned bytes: its first four are the checksum, which has been compared. */
  function block(series: number): { bytes: Uint8Array; start: number } | undefined {
    const page = Math.floor(series / seriesPerPage)
    const at = find(pages, page)
    if (at < 0 || !loadTable(page, at)) return undefined
    const start = offsets[series % seriesPerPage] ?? 0
    const end = offsets[(series % seriesPerPage) + 1] ?? 0
    if (end <= start) return undefined
    let bytes = loaded
    let from = start
    if (!bytes || loadedPage !== page) {
      if (scratch.length < end - start) scratch = new Uint8Array(2 * (end - start))
      readFully(fd, scratch, end - start, (positions[at] ?? 0) + start)
      bytes = scratch
      from = 0
    }
    const expected =
      ((bytes[from] ?? 0) |
        ((bytes[from + 1] ?? 0) << 8) |
        ((bytes[from + 2] ?? 0) << 16) |
        ((bytes[from + 3] ?? 0) << 24)) >>>
      0
    if (checksumOf(bytes, from + 4, from + end - start, series) !== expected) {
      report(`block of series ${series}, at byte ${(positions[at] ?? 0) + start}`)
      return undefined
    }
    return { bytes, start: from + 4 }
  }

  return {
    width: footer.width,
    firstRow: footer.firstRow,
    rows: footer.rows,
    sequence: footer.sequence,
    walSequence: footer.walSequence,
    path,
    bytes: size,
    end: lastSeries() + 1,
    pages,
    readValues(series, out) {
      const found = block(series)
      if (!found) return false
      decodeBlock(found.bytes, found.start, out, footer.rows)
      return true
    },
    readRows(series, out) {
      const found = block(series)
      if (!found) return false
      const plain = found.bytes[found.start] === 1
      let at = decodeBlock(found.bytes, found.start + 1, out.average, footer.rows)
      at = decodeBlock(found.bytes, at, out.count, footer.rows)
      if (plain) {
        out.min.set(out.average.subarray(0, footer.rows))
        out.max.set(out.average.subarray(0, footer.rows))
      } else {
        at = decodeBlock(found.bytes, at, out.min, footer.rows)
        decodeBlock(found.bytes, at, out.max, footer.rows)
      }
      return true
    },
    preload(page) {
      if (loadedPage === page) return
      this.release()
      const at = find(pages, page)
      if (at < 0) return
      const length = lengths[at] ?? 0
      const bytes = new Uint8Array(length)
      readFully(fd, bytes, length, positions[at] ?? 0)
      loaded = bytes
      loadedPage = page
    },
    release() {
      loaded = undefined
      loadedPage = -1
    },
    close: () => closeSync(fd),
  }
}

function readFooter(fd: number, path: string, size: number): Footer {
  const bytes = new Uint8Array(footerBytes)
  if (size < footerBytes + segmentMagic.length) throw new Error(`Cannot use segment ${path}: it has only ${size} bytes`)
  readFully(fd, bytes, footerBytes, size - footerBytes)
  const view = new DataView(bytes.buffer)
  if (checksumOf(bytes, 0, 60, 0) !== view.getUint32(60, true))
    throw new Error(`Cannot use segment ${path}: its footer is damaged`)
  return {
    width: view.getUint32(0, true),
    rows: view.getUint32(4, true),
    firstRow: view.getFloat64(8, true),
    sequence: view.getFloat64(16, true),
    walSequence: view.getFloat64(24, true),
    directoryAt: view.getFloat64(32, true),
    pages: view.getUint32(40, true),
    directoryChecksum: view.getUint32(44, true),
  }
}

function readDirectory(fd: number, path: string, footer: Footer) {
  const bytes = new Uint8Array(footer.pages * directoryEntryBytes)
  readFully(fd, bytes, bytes.length, footer.directoryAt)
  if (checksumOf(bytes, 0, bytes.length, 0) !== footer.directoryChecksum)
    throw new Error(`Cannot use segment ${path}: its directory is damaged`)
  const view = new DataView(bytes.buffer)
  const pages = new Uint32Array(footer.pages)
  const positions = new Float64Array(footer.pages)
  const lengths = new Uint32Array(footer.pages)
  for (let i = 0; i < footer.pages; i++) {
    pages[i] = view.getUint32(i * directoryEntryBytes, true)
    positions[i] = view.getFloat64(i * directoryEntryBytes + 4, true)
    lengths[i] = view.getUint32(i * directoryEntryBytes + 12, true)
  }
  return { pages, positions, lengths }
}

/** @throws unless the pages lie one after another between the magic and the directory, in ascending order */
function assertContiguous(
  path: string,
  footer: Footer,
  pages: Uint32Array,
  positions: Float64Array,
  lengths: Uint32Array,
): void {
  let end = segmentMagic.length
  for (const [i, position] of positions.entries()) {
    if (position !== end || (i > 0 && (pages[i] ?? 0) <= (pages[i - 1] ?? 0)))
      throw new Error(`Cannot use segment ${path}: page ${i} of its directory is out of order`)
    end += lengths[i] ?? 0
  }
  if (end !== footer.directoryAt) throw new Error(`Cannot use segment ${path}: its pages do not fill it`)
}

/** Index of `value` in ascending `sorted`, or -1. Pages are usually dense, so the first guess is nearly always right. */
function find(sorted: Uint32Array, value: number): number {
  const guess = value - (sorted[0] ?? 0)
  if (sorted[guess] === value) return guess
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const at = sorted[middle] ?? 0
    if (at === value) return middle
    if (at < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Fills `bytes[0, length)`; what the file does not have reads as zeros, which no checksum accepts. */
function readFully(fd: number, bytes: Uint8Array, length: number, position: number): void {
  let filled = 0
  while (filled < length) {
    const got = readSync(fd, bytes, filled, length - filled, position + filled)
    if (got === 0) {
      bytes.fill(0, filled, length)
      return
    }
    filled += got
  }
}
