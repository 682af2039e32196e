import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '#lib/log'
import { readFrames } from './frame.ts'
import type { FrameVisitor } from './frame.ts'

/**
 * What judge did, on disk before anybody is told. Files `journal-<n>.log`, and `snapshot-<n>.log` with all that the
 * journals before number n said. A frame is in the kernel's hands when `append` returns, so SIGKILL loses none.
 */
export interface Journal {
  /** Reads back what earlier runs wrote. Call it once, before the first append. */
  replay(visitor: FrameVisitor): ReplayReport
  /** Throws when the disk refuses; the journal is then as if nothing had been asked. */
  append(frame: Uint8Array): void
  /** Settles when everything appended so far is on the disk itself. */
  sync(): Promise<void>
  /** Bytes that a start would read back. */
  readonly bytes: number
  /** Files that a start would read back. */
  readonly files: number
  /** Ends the current file and begins a snapshot that stands for everything before the next one. */
  beginSnapshot(): SnapshotWriter
  close(): void
}

export interface ReplayReport {
  readonly files: number
  readonly bytes: number
  /** Bytes that were no whole frame: what a crash cut off (then the sender has no acknowledgement for it), or damage. */
  readonly tornBytes: number
}

/** A snapshot under way; frames may be written over many turns while the journal goes on. */
export interface SnapshotWriter {
  write(frame: Uint8Array): void
  /** Puts it in force and removes what it replaces. Rejects when the disk refuses; nothing is lost then. */
  commit(): Promise<void>
  abort(): void
}

interface OpenFile {
  readonly fd: number
  /** Bytes of whole frames. */
  size: number
  damaged: boolean
}

const fsyncAsync = promisify(fsync)
const fdatasyncAsync = promisify(fdatasync)

/**
 * Opens the journal in `dir`; writes nothing yet. `opening` gives the first frame of a new file.
 * @throws Error when the folder cannot be made or read.
 */
export function openJournal(dir: string, opening: () => Uint8Array, log: Logger): Journal {
  mkdirSync(dir, { recursive: true, mode: 0o750 })
  for (const name of readdirSync(dir))
    if (name.startsWith('snapshot-') && name.endsWith('.tmp')) rmSync(join(dir, name))
  const base = numbersOf(dir, 'snapshot').at(-1) ?? 0
  // A crash may have come between a snapshot and the removal of what it replaces.
  for (const kind of ['snapshot', 'journal'] as const)
    for (const number of numbersOf(dir, kind)) if (number < base) rmSync(join(dir, fileName(kind, number)))
  let files: string[] = [
    ...(base > 0 ? [fileName('snapshot', base)] : []),
    ...numbersOf(dir, 'journal').map((number) => fileName('journal', number)),
  ]
  let next = Math.max(base, ...numbersOf(dir, 'journal')) + 1
  let current: OpenFile | undefined
  let bytes = 0
  let unsynced = false

  function openNext(): OpenFile {
    const name = fileName('journal', next)
    const file = { fd: openSync(join(dir, name), 'a', 0o640), size: 0, damaged: false }
    try {
      writeWhole(file, opening())
    } catch (error) {
      closeSync(file.fd)
      rmSync(join(dir, name), { force: true })
      throw error
    }
    next++
    files.push(name)
    return file
  }

  /** Writes all of it, or leaves the file as it was or marked as damaged. */
  function writeWhole(file: OpenFile, frame: Uint8Array): void {
    let written = 0
    try {
      while (written < frame.length) written += writeSync(file.fd, frame, written)
    } catch (error) {
      if (written > 0) file.damaged = !truncated(file)
      throw error
    }
    file.size += frame.length
    bytes += frame.length
    unsynced = true
  }

  function truncated(file: OpenFile): boolean {
    try {
      ftruncateSync(file.fd, file.size)
      return true
    } catch (error) {
      log.warn({ err: error }, 'journal file keeps an incomplete frame, a new file follows')
      return false
    }
  }

  function endCurrent(): void {
    if (!current) return
    closeSync(current.fd)
    current = undefined
  }

  return {
    replay(visitor) {
      let torn = 0
      for (const name of files) {
        const content = readFileSync(join(dir, name))
        const whole = readFrames(content, visitor)
        bytes += content.length
        torn += content.length - whole
        if (whole < content.length)
          log.warn({ file: name, at: whole, bytes: content.length - whole }, 'journal ends in an incomplete frame')
      }
      return { files: files.length, bytes, tornBytes: torn }
    },
    append(frame) {
      try {
        current ??= openNext()
        writeWhole(current, frame)
      } catch (error) {
        if (current?.damaged === true) endCurrent()
        throw new Error(`Cannot write the journal in ${dir}: ${(error as Error).message}`, { cause: error })
      }
    },
    async sync() {
      const file = current
      if (!file || !unsynced) return
      unsynced = false
      try {
        await fdatasyncAsync(file.fd)
      } catch (error) {
        // A snapshot may have ended the file meanwhile, and has put it on the disk itself.
        if (current !== file) return
        unsynced = true
        throw error
      }
    },
    get bytes() {
      return bytes
    },
    get files() {
      return files.length
    },
    beginSnapshot() {
      if (current) fdatasyncSync(current.fd)
      endCurrent()
      const number = next
      const replaced = [...files]
      const replacedBytes = bytes
      const draft = join(dir, `${fileName('snapshot', number)}.tmp`)
      const file = { fd: openSync(draft, 'w', 0o640), size: 0 }
      return {
        write(frame) {
          let written = 0
          while (written < frame.length) written += writeSync(file.fd, frame, written)
          file.size += frame.length
        },
        async commit() {
          await fsyncAsync(file.fd)
          closeSync(file.fd)
          const name = fileName('snapshot', number)
          renameSync(draft, join(dir, name))
          syncFolder(dir)
          files = [name, ...files.slice(replaced.length)]
          bytes += file.size - replacedBytes
          next = Math.max(next, number + 1)
          for (const old of replaced) rmSync(join(dir, old), { force: true })
        },
        abort() {
          closeSync(file.fd)
          rmSync(draft, { force: true })
        },
      }
    },
    close: endCurrent,
  }
}

function fileName(kind: 'journal' | 'snapshot', number: number): string {
  return `${kind}-${String(number).padStart(8, '0')}.log`
}

function numbersOf(dir: string, kind: 'journal' | 'snapshot'): number[] {
  return readdirSync(dir)
    .flatMap((name) =>
      name.startsWith(`${kind}-`) && name.endsWith('.log') ? [Number(name.slice(kind.length + 1, -4))] : [],
    )
    .filter((number) => Number.isSafeInteger(number))
    .toSorted((a, b) => a - b)
}

/** Makes a rename survive a power cut. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
