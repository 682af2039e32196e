import { closeSync, fsync, ftruncateSync, openSync, writeSync, writevSync } from 'node:fs'
import type { Logger } from '#lib/log'

/** Writes to one segment file. */
export interface SegmentWriter {
  readonly path: string
  /** A failed append could not be undone: nothing may follow in this file. */
  readonly broken: boolean
  /** Writes both at the end of the file, which is at `offset`. Throws what the disk says; the file then is as before, or `broken`. */
  append(offset: number, header: Uint8Array, data: Uint8Array): void
  close(): void
}

export interface WriterOptions {
  readonly log: Logger
  /** Milliseconds that a finished append may wait until the disk is told to keep it. */
  readonly syncAfterMs: number
}

/** Creates the file when it does not exist. */
export function openWriter(path: string, { log, syncAfterMs }: WriterOptions): SegmentWriter {
  const fd = openSync(path, 'a')
  closeSync(fd)
  return createWriter(path, openSync(path, 'r+'), { log, syncAfterMs })
}

function createWriter(path: string, fd: number, { log, syncAfterMs }: WriterOptions): SegmentWriter {
  let broken = false
  let closed = false
  let syncing = false
  let dirty = false
  let timer: NodeJS.Timeout | undefined

  /** fsync in the thread pool: a slow disk must not hold up the process. */
  function sync(): void {
    timer = undefined
    dirty = false
    syncing = true
    fsync(fd, (error) => {
      syncing = false
      if (error) log.error({ err: error, file: path }, 'spool cannot be forced to disk')
      if (closed) closeSync(fd)
      else if (dirty) schedule()
    })
  }

  function schedule(): void {
    dirty = true
    if (timer || syncing) return
    timer = setTimeout(sync, syncAfterMs)
    timer.unref()
  }

  function cutBackTo(offset: number): void {
    try {
      ftruncateSync(fd, offset)
    } catch (error) {
      broken = true
      log.error({ err: error, file: path }, 'spool segment cannot be cut back, a new one follows')
    }
  }

  return {
    path,
    get broken() {
      return broken
    },
    append(offset, header, data) {
      try {
        writeWhole(fd, header, data, offset)
      } catch (error) {
        cutBackTo(offset)
        throw error
      }
      schedule()
    },
    close() {
      closed = true
      clearTimeout(timer)
      // What is still unsynced is synced once more, and the file closed after that.
      if (syncing) return
      if (dirty) sync()
      else closeSync(fd)
    },
  }
}

/** A full disk may take a part first and fail on the rest. */
function writeWhole(fd: number, header: Uint8Array, data: Uint8Array, offset: number): void {
  let written = writevSync(fd, [header, data], offset)
  while (written < header.byteLength + data.byteLength) {
    const rest = written < header.byteLength ? header.subarray(written) : data.subarray(written - header.byteLength)
    written += writeSync(fd, rest, 0, rest.byteLength, offset + written)
  }
}
