import { mkdirSync } from 'node:fs'
import { createAges } from './ages.ts'
import { lockFolder } from './lock.ts'
import type { FolderLock } from './lock.ts'
import { openPosition } from './position.ts'
import type { PositionFile } from './position.ts'
import { findRecord, offsetAfter, readData, segmentStart } from './segment.ts'
import type { Found, Offset, Segment } from './segment.ts'
import { openSegmentFiles } from './segment-files.ts'
import type { SegmentFiles } from './segment-files.ts'
import { headerBytes } from './record-header.ts'
import type { Spool, SpoolDrop, SpoolOptions, SpoolRecord } from './spool.ts'

/** Appends reach the disk within this time even if the machine, not only the process, dies. */
const syncAfterMs = 1000
/** Old records go a file at a time: a file is a small part of the whole, and small enough to scan at once. */
const segmentBytesOf = (maxBytes: number) => Math.min(16 * 2 ** 20, Math.ceil(maxBytes / 16))

/**
 * Opens the spool in a folder and repairs what a crash left. File operations are synchronous, except forcing to disk.
 * @throws when another process has it open or the folder cannot be used.
 */
export function openSpool(options: SpoolOptions): Spool {
  const { dir, log, maxBytes, onDrop } = options
  let lock: FolderLock | undefined
  let position: PositionFile | undefined
  try {
    mkdirSync(dir, { recursive: true })
    lock = lockFolder(dir)
    position = openPosition(dir)
    const onTorn = (items: number) => onDrop(items, 'corrupt')
    const segmentBytes = segmentBytesOf(maxBytes)
    const { files, start } = openSegmentFiles({ dir, log, segmentBytes, syncAfterMs, onTorn }, position.stored)
    return createSpool(options, { files, start, position, lock })
  } catch (error) {
    position?.close()
    lock?.release()
    throw new Error(`Cannot open spool ${dir}: ${(error as Error).message}`, { cause: error })
  }
}

interface Opened {
  readonly files: SegmentFiles
  readonly start: Offset
  readonly position: PositionFile
  readonly lock: FolderLock
}

/** A record on disk. `lostItems` and `skippedBytes` tell of unreadable bytes between it and where one looked from. */
interface Step {
  readonly segment: Segment
  readonly found: Found
  readonly lostItems: number
  readonly skippedBytes: number
}

/** A point in the spool. */
interface Place {
  readonly segment: Segment
  readonly offset: Offset
}

function createSpool(
  { dir, maxBytes, maxAgeSeconds, log, onDrop, now = Date.now, steadyNow = now }: SpoolOptions,
  { files, start, position, lock }: Opened,
): Spool {
  /** Everything before it is released. */
  let head: Place = { segment: files.oldest(), offset: start }
  let closed = false
  moveHead(head.segment, head.offset)

  const ages = createAges(now, steadyNow)

  function moveHead(segment: Segment, offset: Offset): void {
    head = { segment, offset }
    for (let next = files.after(segment); next && head.offset.offset >= head.segment.size; next = files.after(next))
      head = { segment: next, offset: segmentStart }
    try {
      position.store({ segment: head.segment.number, offset: head.offset.offset })
    } catch (error) {
      log.warn({ err: error, dir }, 'spool position not stored, records may come again after a restart')
    }
    while (files.oldest() !== head.segment) files.removeOldest()
  }

  function reportDrop(items: number, reason: SpoolDrop): void {
    if (items === 0) return
    log.warn({ dir, items, reason }, 'spool dropped items')
    onDrop(items, reason)
  }

  /** The first readable record from a place on, in this segment or a later one. */
  function stepFrom({ segment, offset }: Place): Step | undefined {
    let lostItems = 0
    let skippedBytes = 0
    let at = offset
    for (let current: Segment | undefined = segment; current; current = files.after(current)) {
      const found = at.offset < current.size ? findRecord(files.reading(current), at.offset, current.size) : undefined
      lostItems += (found?.header.itemsBefore ?? current.items) - at.items
      skippedBytes += (found?.offset ?? current.size) - at.offset
      if (found) return { segment: current, found, lostItems, skippedBytes }
      at = segmentStart
    }
    return undefined
  }

  /** The oldest record that can be read; what cannot is dropped on the way. */
  function headStep(): Step | undefined {
    const step = stepFrom(head)
    const { items, bytes } = held()
    if (bytes === 0 || step?.skippedBytes === 0) return step
    const { segment, offset } = head
    log.error({ file: segment.path, offset: offset.offset, bytes: step?.skippedBytes ?? bytes }, 'spool is damaged')
    if (step) moveHead(step.segment, offsetBefore(step.found))
    else moveHead(files.last(), endOf(files.last()))
    reportDrop(step?.lostItems ?? items, 'corrupt')
    return step && { ...step, lostItems: 0, skippedBytes: 0 }
  }

  function held() {
    const { records, items, bytes } = files.totals()
    const { offset } = head
    return { records: records - offset.records, items: items - offset.items, bytes: bytes - offset.offset }
  }

  function isTooOld(sequence: number, at: number): boolean {
    return ages.of(sequence, at) > maxAgeSeconds
  }

  function dropTooOld(): void {
    let dropped = 0
    for (let step = headStep(); step && isTooOld(sequenceOf(step), step.found.header.at); step = headStep()) {
      const { segment } = head
      const newest = segment.firstSequence + segment.records - 1
      const isWhole = isTooOld(newest, segment.newestAt) && !ages.differ(sequenceOf(step), newest)
      const after = isWhole ? endOf(segment) : offsetAfter(step.found)
      dropped += after.items - head.offset.items
      moveHead(segment, after)
    }
    reportDrop(dropped, 'age')
  }

  function makeRoom(bytes: number): void {
    while (files.totals().bytes + bytes > maxBytes) {
      const { segment, offset } = head
      if (segment === files.last()) files.begin()
      moveHead(segment, endOf(segment))
      reportDrop(segment.items - offset.items, 'size')
    }
  }

  /** The record at a step, undefined when its bytes are not what was written. */
  function recordAt(step: Step): SpoolRecord | undefined {
    const data = readData(files.reading(step.segment), step.found)
    const { items, at } = step.found.header
    return data && { data, items, at, sequence: sequenceOf(step) }
  }

  function headRecord(): { step: Step; record: SpoolRecord } | undefined {
    for (let step = headStep(); step; step = headStep()) {
      const record = recordAt(step)
      if (record) return { step, record }
      log.error({ file: step.segment.path, offset: step.found.offset }, 'spool is damaged')
      moveHead(step.segment, offsetAfter(step.found))
      reportDrop(step.found.header.items, 'corrupt')
    }
    return undefined
  }

  function peekMany(maxItems: number, maxBytes: number): SpoolRecord[] {
    assertOpen()
    dropTooOld()
    const first = headRecord()
    if (!first) return []
    const records = [first.record]
    let { items } = first.record
    let bytes = first.record.data.byteLength
    let place = { segment: first.step.segment, offset: offsetAfter(first.step.found) }
    // What is damaged further on waits until it is the oldest.
    for (let step = stepFrom(place); step && step.skippedBytes === 0; step = stepFrom(place)) {
      items += step.found.header.items
      bytes += step.found.header.length
      const record = items <= maxItems && bytes <= maxBytes ? recordAt(step) : undefined
      if (!record) break
      records.push(record)
      place = { segment: step.segment, offset: offsetAfter(step.found) }
    }
    return records
  }

  /** Numbers are asked for when things go wrong, too, so this must not throw. */
  function oldestSeconds(): number {
    try {
      const step = stepFrom(head)
      return step ? Math.max(0, ages.of(sequenceOf(step), step.found.header.at)) : 0
    } catch (error) {
      log.warn({ err: error, dir }, 'spool cannot be read')
      return 0
    }
  }

  function assertOpen(): void {
    if (closed) throw new Error(`Cannot use spool ${dir}: it is closed`)
  }

  return {
    append(record, items) {
      assertOpen()
      const bytes = headerBytes + record.byteLength
      const failed = (why: string, cause?: unknown) =>
        new Error(`Cannot spool ${record.byteLength} bytes in ${dir}: ${why}`, { cause })
      if (bytes > maxBytes) throw failed(`the spool holds ${maxBytes} bytes at most`)
      try {
        dropTooOld()
        makeRoom(bytes)
        const sequence = files.append(record, items, ages.now())
        ages.wrote(sequence)
        return sequence
      } catch (error) {
        throw failed((error as Error).message, error)
      }
    },
    peek: () => peekMany(0, 0)[0],
    peekMany,
    release({ sequence }) {
      assertOpen()
      let { segment } = head
      let released = 0
      let offset = head.offset
      for (let step = stepFrom(head); step; step = stepFrom({ segment, offset })) {
        if (sequenceOf(step) > sequence) break
        ;({ segment } = step)
        offset = offsetAfter(step.found)
        released += step.lostItems + step.found.header.items
      }
      moveHead(segment, offset)
      return released
    },
    stats() {
      return { ...held(), oldestSeconds: closed ? 0 : oldestSeconds() }
    },
    close() {
      if (closed) return
      closed = true
      files.close()
      position.close()
      lock.release()
    },
  }
}

function offsetBefore({ offset, header }: Found): Offset {
  return { offset, records: header.ordinal, items: header.itemsBefore }
}

function sequenceOf({ segment, found }: Step): number {
  return segment.firstSequence + found.header.ordinal
}

function endOf({ size, records, items }: Segment): Offset {
  return { offset: size, records, items }
}
