import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Below `dataDir`. */
export const positionsFile = 'log-positions.json'

/** How far a log file was read. */
export interface LogPosition {
  /** Where it was last seen; another file may be there now. */
  readonly path: string
  /** Device and inode: what a file keeps when it is renamed. */
  readonly identity: string
  /** Bytes that were looked through. */
  readonly offset: number
  /** How it begins, as a digest of its first bytes, and how many: an inode may be given to another file. */
  readonly head: string
  readonly headBytes: number
  /** Size and time when all there was had been looked through; another pair means that something came. */
  readonly seen: string
  /** Whether the offset is within a line too long to be held, whose begin was looked through. */
  readonly inLongLine: boolean
}

/** Of one check. Without positions of a check its files are read from where they end. */
export interface LogMemory {
  readonly positions: readonly LogPosition[]
  readonly lastLine: string | undefined
  readonly atMs: number
}

/** What log checks remember over a restart, by target. */
export type LogMemories = ReadonlyMap<string, LogMemory>

/** Of checks that are no longer made, in case they come back. */
const keptMs = 86_400_000

/** A file that is missing or damaged is no memory. */
export async function loadMemories(file: string): Promise<LogMemories> {
  try {
    const raw: unknown = JSON.parse(await readFile(file, 'utf8'))
    return new Map(Object.entries(raw as Record<string, unknown>).filter(isMemory))
  } catch {
    return new Map()
  }
}

/** Replaces the file as a whole, so that a stop at any moment leaves the old one or the new one. */
export async function saveMemories(file: string, memories: LogMemories): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(memories)))
  await rename(`${file}.new`, file)
}

export function withoutForgotten(memories: LogMemories, nowMs: number): LogMemories {
  return new Map([...memories].filter(([, { atMs }]) => nowMs - atMs < keptMs))
}

function isMemory(entry: [string, unknown]): entry is [string, LogMemory] {
  const { positions, atMs } = (entry[1] ?? {}) as { positions?: unknown; atMs?: unknown }
  return typeof atMs === 'number' && Array.isArray(positions) && positions.every(isPosition)
}

function isPosition(raw: unknown): boolean {
  const { path, identity, offset, head, headBytes, seen, inLongLine } = (raw ?? {}) as Record<string, unknown>
  return (
    typeof path === 'string' &&
    typeof identity === 'string' &&
    Number.isInteger(offset) &&
    typeof head === 'string' &&
    Number.isInteger(headBytes) &&
    typeof seen === 'string' &&
    typeof inLongLine === 'boolean'
  )
}
