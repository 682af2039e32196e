import { close, closeSync, fsync, ftruncateSync, open, openSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Logger } from '#lib/log'
import type { Position } from './position.ts'
import { encodeHeader, headerBytes } from './record-header.ts'
import { segmentStart, surveySegment } from './segment.ts'
import type { Offset, Segment, Survey } from './segment.ts'
import { openWriter } from './segment-writer.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** The segment files of one spool, oldest first; there is always one, and appends go to the last. */
export interface SegmentFiles {
  oldest(): Segment
  last(): Segment
  after(segment: Segment): Segment | undefined
  /** Sums over all files, released records included. */
  totals(): { records: number; items: number; bytes: number }
  /** A file descriptor to read the segment through; good until the next call. */
  reading(segment: Segment): number
  /** Returns the record's sequence. Throws when the disk refuses; the files are then as before. */
  append(record: Uint8Array, items: number, at: number): number
  /** Begins a new file, which is then the last. */
  begin(): void
  /** Unlinks the oldest file. There must be another. */
  removeOldest(): void
  close(): void
}

export interface SegmentFilesOptions {
  readonly dir: string
  readonly log: Logger
  /** A file takes no more records once it has this many bytes. */
  readonly segmentBytes: number
  readonly syncAfterMs: number
  /** Told what a crash cut off, as far as it can be told. */
  readonly onTorn: (items: number) => void
}

/** Opens the folder. `start` is the place in the oldest segment up to which all is released. */
export function openSegmentFiles(
  options: SegmentFilesOptions,
  released: Position | undefined,
): { files: SegmentFiles; start: Offset } {
  const { dir, log, segmentBytes } = options
  const { segments, start } = loadSegments(options, released)
  const totals = { records: 0, items: 0, bytes: 0 }
  for (const segment of segments) addTotals(segment, 1)
  // Numbers at or below the released one would be taken for released after the next opening.
  if (segments.length === 0) segments.push(emptySegment(dir, (released?.segment ?? 0) + 1, 0))
  let writer: SegmentWriter | undefined
  let reader: { path: string; fd: number } | undefined

  function addTotals(segment: Segment, sign: 1 | -1): void {
    totals.records += sign * segment.records
    totals.items += sign * segment.items
    totals.bytes += sign * segment.size
  }

  const last = () => segments.at(-1) as Segment
  const oldest = () => segments[0] as Segment

  function begin(): void {
    const { number, firstSequence, records } = last()
    const segment = emptySegment(dir, number + 1, firstSequence + records)
    const opened = openWriter(segment.path, options)
    writer?.close()
    writer = opened
    segments.push(segment)
    syncFolder(dir, log)
  }

  function writable(bytes: number): { segment: Segment; writer: SegmentWriter } {
    const { size } = last()
    if (writer?.broken || (size > 0 && size + bytes > segmentBytes)) begin()
    writer ??= openWriter(last().path, options)
    return { segment: last(), writer }
  }

  function closeReader(): void {
    if (reader) closeSync(reader.fd)
    reader = undefined
  }

  const files: SegmentFiles = {
    oldest,
    last,
    begin,
    after: (segment) => segments[segments.indexOf(segment) + 1],
    totals: () => totals,
    reading(segment) {
      if (reader?.path !== segment.path) {
        closeReader()
        reader = { path: segment.path, fd: openSync(segment.path, 'r') }
      }
      return reader.fd
    },
    append(record, items, at) {
      const bytes = headerBytes + record.byteLength
      const { segment, writer } = writable(bytes)
      const header = encodeHeader({
        length: record.byteLength,
        items,
        at,
        ordinal: segment.records,
        itemsBefore: segment.items,
        dataCrc: crc32(record),
      })
      writer.append(segment.size, header, record)
      segment.size += bytes
      segment.records++
      segment.items += items
      segment.newestAt = Math.max(segment.newestAt, at)
      totals.records++
      totals.items += items
      totals.bytes += bytes
      return segment.firstSequence + segment.records - 1
    },
    removeOldest() {
      const segment = oldest()
      if (reader?.path === segment.path) closeReader()
      segments.shift()
      addTotals(segment, -1)
      unlink(segment.path, log)
    },
    close() {
      closeReader()
      writer?.close()
    },
  }
  return { files, start }
}

/** Surveys what is on disk, unlinks what is released, cuts off what a crash left torn. */
function loadSegments(options: SegmentFilesOptions, released: Position | undefined) {
  const { dir, log } = options
  const segments: Segment[] = []
  let start = segmentStart
  let nextSequence = 0
  const numbers = segmentNumbers(dir)
  for (const number of numbers) {
    if (released && number < released.segment) {
      unlink(pathOf(dir, number), log)
      continue
    }
    const isHead = number === released?.segment
    const survey = surveyFile(options, number, isHead ? released.offset : 0, number === numbers.at(-1))
    if (isHead) start = survey.wanted ?? segmentStart
    const { end, newestAt } = survey
    const empty = emptySegment(dir, number, nextSequence)
    segments.push({ ...empty, size: end.offset, records: end.records, items: end.items, newestAt })
    nextSequence += end.records
  }
  return { segments, start }
}

function surveyFile({ dir, log, onTorn }: SegmentFilesOptions, number: number, wanted: number, last: boolean): Survey {
  const path = pathOf(dir, number)
  const fd = openSync(path, 'r+')
  try {
    const survey = surveySegment(fd, wanted, last)
    if (survey.tornBytes > 0) {
      log.warn({ file: path, bytes: survey.tornBytes, items: survey.tornItems }, 'spool segment ends in a torn record')
      if (last) ftruncateSync(fd, survey.end.offset)
      if (survey.tornItems > 0) onTorn(survey.tornItems)
    }
    return survey
  } finally {
    closeSync(fd)
  }
}

function segmentNumbers(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => /^(\d{10})\.seg$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function pathOf(dir: string, number: number): string {
  return join(dir, `${String(number).padStart(10, '0')}.seg`)
}

function emptySegment(dir: string, number: number, firstSequence: number): Segment {
  return { number, path: pathOf(dir, number), firstSequence, size: 0, records: 0, items: 0, newestAt: 0 }
}

/** A released file that stays is released again at the next opening, so this is worth a line, not a failure. */
function unlink(path: string, log: Logger): void {
  try {
    unlinkSync(path)
  } catch (error) {
    log.warn({ err: error, file: path }, 'spool segment not removed')
  }
}

/** A new file's name is on disk only once its folder is. */
function syncFolder(dir: string, log: Logger): void {
  const report = (error: Error | null) => {
    if (error) log.debug({ err: error, dir }, 'spool folder cannot be forced to disk')
  }
  open(dir, 'r', (error, fd) => {
    if (error) return report(error)
    return fsync(fd, (error) => {
      report(error)
      close(fd, report)
    })
  })
}
