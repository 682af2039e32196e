import { readdirSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlockLog, readBlocks } from './block-log.ts'
import type { BlockLog, BlockReading, BlockReport } from './block-log.ts'

/** Bytes of one point: series number (u32), unix seconds (u32), value (f64), little-endian. */
const pointBytes = 16
/**
 * A block that is shorter than a point heads a file: the number of the file before it (u32) and the bytes that one ended
 * with (f64), without which nobody could tell that whole blocks are missing at its end. Versions that know of no heads
 * read no point from it.
 */
const headBytes = 12
/** Points written with one call; more are split. */
const largestGroup = 65_536

/** A file that another one follows. */
export interface FinishedFile {
  readonly sequence: number
  readonly bytes: number
}

/**
 * The write-ahead log: numbered files of points in the order they came. Points of many batches are written together
 * while the write before is under way (group commit).
 */
export interface Wal {
  /** Adds a point to the group that is written next. */
  push(series: number, timestamp: number, value: number): void
  /**
   * Resolves when every point pushed so far is with the operating system (`strict`: on the disk). Rejects when the disk
   * refused them; they are then in no file.
   */
  commit(): Promise<void>
  /** Points pushed from now on go to a file with at least the returned number; those before, to a smaller one. */
  rotate(): number
  /** The number of the file that the next pushed point goes to, at least. */
  readonly sequence: number
  /** Resolves when the disk has what was written. */
  sync(): Promise<void>
  /** Unlinks the files with numbers below `sequence`. */
  dropBefore(sequence: number): Promise<void>
  stats(): { readonly files: number; readonly bytes: number }
  close(): Promise<void>
}

export interface WalOptions {
  readonly dir: string
  /** Above every number in the folder. */
  readonly firstSequence: number
  /** Each group is on the disk before its commit resolves. */
  readonly strict: boolean
  /** Awaited before each write: what the points refer to must be stored first. */
  readonly before: () => Promise<void>
  /** Files from before this start: number → bytes. */
  readonly old: ReadonlyMap<number, number>
}

interface Group {
  readonly sequence: number
  buffer: Buffer
  points: number
  readonly settled: Promise<void>
  resolve(): void
  reject(reason: unknown): void
}

export function openWal(options: WalOptions): Wal {
  const files = new Map(options.old)
  let sequence = options.firstSequence
  let log: BlockLog | undefined
  let logSequence = options.firstSequence - 1
  let finished = newestOf(options.old)
  let collecting: Group | undefined
  /** Groups that are full or belong to an earlier file, oldest first. */
  const queue: Group[] = []
  let inFlight: Group | undefined
  let isPumping = false
  let pumped: Promise<void> = Promise.resolve()
  let spare: Buffer | undefined

  function pump(): void {
    if (isPumping) return
    isPumping = true
    pumped = writeGroups()
  }

  async function writeGroups(): Promise<void> {
    for (;;) {
      inFlight = queue.shift() ?? collecting
      if (!inFlight) {
        // In the same turn: whoever pushes from now on must start a pump of his own.
        isPumping = false
        return
      }
      if (inFlight === collecting) collecting = undefined
      const group = inFlight
      try {
        await options.before()
        const file = await fileFor(group.sequence)
        if (file.bytes === 0 && finished) await file.append(headAfter(finished))
        await file.append(group.buffer.subarray(0, group.points * pointBytes))
        files.set(logSequence, file.bytes)
        if (options.strict) await file.sync()
        group.resolve()
      } catch (error) {
        group.reject(error)
      }
      spare = group.buffer
    }
  }

  async function fileFor(wanted: number): Promise<BlockLog> {
    if (log && logSequence >= wanted && log.usable) return log
    const before = log
    log = undefined
    if (before) finished = { sequence: logSequence, bytes: before.bytes }
    if (before?.usable) await before.sync()
    await before?.close()
    const number = Math.max(wanted, logSequence + 1)
    log = await openBlockLog(join(options.dir, walName(number)))
    logSequence = number
    sequence = Math.max(sequence, number)
    files.set(number, 0)
    return log
  }

  function newGroup(): Group {
    const group = createGroup(sequence, spare ?? Buffer.allocUnsafe(4096 * pointBytes))
    spare = undefined
    return group
  }

  return {
    get sequence() {
      return sequence
    },
    push(series, timestamp, value) {
      if (collecting && collecting.points === largestGroup) {
        queue.push(collecting)
        collecting = undefined
      }
      const group = (collecting ??= newGroup())
      const at = group.points++ * pointBytes
      if (at === group.buffer.length) group.buffer = Buffer.concat([group.buffer, Buffer.allocUnsafe(at)])
      group.buffer.writeUInt32LE(series, at)
      group.buffer.writeUInt32LE(timestamp, at + 4)
      group.buffer.writeDoubleLE(value, at + 8)
    },
    async commit() {
      const waiting = [inFlight, ...queue, collecting].flatMap((group) => (group ? [group.settled] : []))
      if (waiting.length === 0) return
      pump()
      await Promise.all(waiting)
    },
    rotate() {
      if (collecting) queue.push(collecting)
      collecting = undefined
      if (queue.length > 0) pump()
      return ++sequence
    },
    async sync() {
      await log?.sync()
    },
    async dropBefore(limit) {
      for (const number of files.keys()) {
        if (number >= limit || number === logSequence) continue
        await unlink(join(options.dir, walName(number)))
        files.delete(number)
      }
    },
    stats: () => ({ files: files.size, bytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0) }),
    async close() {
      pump()
      await pumped
      await log?.sync()
      await log?.close()
      log = undefined
    },
  }
}

function createGroup(sequence: number, buffer: Buffer): Group {
  let resolve: () => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const settled = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Whoever commits hears of a failure; this only says that a group nobody waits for is not a crash.
  settled.catch(() => undefined)
  return { sequence, buffer, points: 0, settled, resolve, reject }
}

function newestOf(files: ReadonlyMap<number, number>): FinishedFile | undefined {
  const sequence = Math.max(...files.keys())
  const bytes = files.get(sequence)
  return bytes === undefined ? undefined : { sequence, bytes }
}

function headAfter({ sequence, bytes }: FinishedFile): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(sequence, 0)
  head.writeDoubleLE(bytes, 4)
  return head
}

export function walName(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}.wal`
}

/** The numbers of the files in a folder, ascending. */
export function walSequences(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => /^(\d{10})\.wal$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** What reading a file of the log met. */
export interface WalReport extends BlockReport {
  /** What its head says of the file before it; files written by earlier versions have none. */
  readonly after: FinishedFile | undefined
}

/** Gives every point of one file in the order it was pushed; by default cuts off a torn tail. */
export function replayWal(
  dir: string,
  sequence: number,
  onPoint: (series: number, timestamp: number, value: number) => void,
  options: BlockReading = { repair: true },
): WalReport {
  let after: FinishedFile | undefined
  const report = readBlocks(
    join(dir, walName(sequence)),
    (payload) => {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
      if (payload.length === headBytes) after = { sequence: view.getUint32(0, true), bytes: view.getFloat64(4, true) }
      for (let at = 0; at + pointBytes <= payload.length; at += pointBytes)
        onPoint(view.getUint32(at, true), view.getUint32(at + 4, true), view.getFloat64(at + 8, true))
    },
    options,
  )
  return { ...report, after }
}

/**
 * Compares each file of the log with what the next one's head says of it. To be told of every file in ascending order;
 * `onMissing` hears of bytes that were at the end of a file, all of them when the file itself is gone from between others.
 */
export function createEndCheck(
  onMissing: (sequence: number, bytes: number) => void,
): (sequence: number, report: WalReport) => void {
  const ends = new Map<number, number>()
  return (sequence, { after, bytes, torn }) => {
    if (after && ends.size > 0) {
      // Of older files nothing is missing: they are dropped when all of them is in segments.
      const isDropped = !ends.has(after.sequence) && after.sequence < Math.min(...ends.keys())
      const missing = after.bytes - (ends.get(after.sequence) ?? 0)
      if (missing > 0 && !isDropped) onMissing(after.sequence, missing)
    }
    ends.set(sequence, bytes + torn)
  }
}
