import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { At } from '../host/below-root.ts'
import type { Ask } from '../host/file-walks.ts'
import { findFiles, isAbsent, listFolder } from '../host/find-files.ts'
import { readLines } from './log-lines.ts'
import type { LogPosition } from './log-positions.ts'

/** So many names are looked at, and so many files followed. */
const mostNames = 100_000
const mostFiles = 1000

/** Bytes that tell whether a file is still the one it was. */
const longestHead = 256

export interface LogFiles {
  readonly ask: Ask
  readonly at: At
}

export interface ReadLogs {
  readonly positions: LogPosition[]
  /** Bytes that could not be looked through this time. */
  readonly behind: number
  /** How many files there are now. */
  readonly found: number
}

/**
 * Looks through what has come into the files that fit `pattern` since `positions`, or only finds where they end when there
 * are none. A file that was renamed, and fits no longer, is read to its end first; one that was cut, or replaced by
 * another under the same inode, is read from its begin. At most `mostBytes` are read, the oldest first.
 */
export async function readLogs(
  pattern: string,
  positions: readonly LogPosition[] | undefined,
  mostBytes: number,
  files: LogFiles,
  take: (lines: Buffer) => void,
): Promise<ReadLogs> {
  const paths = await findFiles(pattern, { ...files, entries: mostNames })
  if (paths.length > mostFiles)
    throw new Error(`Cannot follow ${pattern}: ${paths.length} files fit, more than ${mostFiles}`)
  const current: LogFile[] = []
  for (const path of paths) {
    const found = await look(path, files)
    if (found && !current.some(({ identity }) => identity === found.identity)) current.push(found)
  }
  const kept: LogPosition[] = []
  let left = mostBytes
  let behind = 0

  async function follow(file: LogFile, known: LogPosition | undefined, isRenamed: boolean): Promise<void> {
    const { path, identity, size, seen } = file
    const isQuiet = known?.seen === seen && known.identity === identity
    if (isQuiet && !isRenamed) {
      kept.push({ ...known, path })
      return
    }
    const handle = await openOrGone(path, files)
    if (!handle) return
    try {
      const from = await resume(handle, known, size, positions === undefined, files)
      const to = Math.min(size, from.offset + left)
      // Who wrote to it may go on for a while; when it is quiet, its last line is complete.
      const isFinal = isRenamed && isQuiet
      const read = await readLines(handle, { from, to, isFinal, ask: files.ask }, take)
      left -= read.offset - from.offset
      if (to < size) behind += size - read.offset
      if (isFinal) return
      const head = await digestOf(handle, Math.min(read.offset, longestHead), files)
      kept.push({ path, identity, ...read, ...head, seen: to < size ? '' : seen })
    } finally {
      await handle.close()
    }
  }

  for (const known of positions ?? []) {
    if (current.some(({ identity }) => identity === known.identity)) continue
    const renamed = await findRenamed(known, files)
    if (renamed) await follow(renamed, known, true)
  }
  for (const file of current.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    const known = positions?.find(({ identity }) => identity === file.identity)
    await follow(file, known, false)
  }
  return { positions: kept, behind, found: current.length }
}

interface LogFile {
  readonly path: string
  readonly identity: string
  readonly size: number
  readonly mtimeMs: number
  /** As in `LogPosition`. */
  readonly seen: string
}

/** Undefined when there is no file. */
async function look(path: string, { ask, at }: LogFiles): Promise<LogFile | undefined> {
  try {
    const stats = await ask(async () => stat(await at(path), { bigint: true }))
    if (!stats.isFile()) return undefined
    return {
      path,
      identity: `${stats.dev}:${stats.ino}`,
      size: Number(stats.size),
      mtimeMs: Number(stats.mtimeMs),
      seen: `${stats.size}/${stats.mtimeNs}`,
    }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Rotation renames within the folder; names that begin as the old one did are looked at first. */
async function findRenamed({ path, identity }: LogPosition, files: LogFiles): Promise<LogFile | undefined> {
  const { others } = await listFolder(dirname(path), files.ask, files.at)
  const likely = others.filter((other) => other.startsWith(path))
  for (const other of [...likely, ...others.filter((other) => !likely.includes(other))].slice(0, mostFiles)) {
    const found = await look(other, files)
    if (found?.identity === identity) return found
  }
  return undefined
}

async function openOrGone(path: string, { ask, at }: LogFiles): Promise<FileHandle | undefined> {
  try {
    return await ask(async () => open(await at(path), 'r'))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Where to go on: where we were, at the begin of what is another file by now, or at the end of what we see first. */
async function resume(
  handle: FileHandle,
  known: LogPosition | undefined,
  size: number,
  isFirstTime: boolean,
  files: LogFiles,
): Promise<{ offset: number; inLongLine: boolean }> {
  if (!known) return { offset: isFirstTime ? await endOfLines(handle, size, files) : 0, inLongLine: false }
  const isSame = size >= known.offset && (await digestOf(handle, known.headBytes, files)).head === known.head
  return isSame ? known : { offset: 0, inLongLine: false }
}

/** Behind the last line that is complete, so that one being written is not cut in two. */
async function endOfLines(handle: FileHandle, size: number, { ask }: LogFiles): Promise<number> {
  const tail = Buffer.alloc(Math.min(size, 65_536))
  const { bytesRead } = await ask(() => handle.read(tail, 0, tail.length, size - tail.length))
  const at = tail.subarray(0, bytesRead).lastIndexOf(0x0a)
  return at < 0 ? size : size - tail.length + at + 1
}

async function digestOf(
  handle: FileHandle,
  bytes: number,
  { ask }: LogFiles,
): Promise<{ head: string; headBytes: number }> {
  const begin = Buffer.alloc(bytes)
  const { bytesRead } = bytes === 0 ? { bytesRead: 0 } : await ask(() => handle.read(begin, 0, bytes, 0))
  return { head: createHash('md5').update(begin.subarray(0, bytesRead)).digest('hex'), headBytes: bytesRead }
}
