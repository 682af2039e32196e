import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readBlocks } from '../store/block-log.ts'
import { stepsIn } from '../store/recover.ts'
import { isSegmentName } from '../store/segment-format.ts'
import { syncFolder } from '../store/segment-writer.ts'
import type { CopyProgress } from './copy-progress.ts'
import { chunkBytes } from './copy-questions.ts'
import type { CopyFile } from './copy-questions.ts'
import type { CopySource } from './copy-source.ts'

/** Pieces of a file that are asked for before the first has come. */
const piecesAhead = 3
/** Files that the disk may still be writing when the next one is fetched. */
const filesSettling = 8

/**
 * Copies the store of a running node into `folder`; everything is on the disk when this resolves. What an earlier copy that
 * was broken off has left there is used as far as it is still good: segments, which never change.
 *
 * Most of it, the segments, is fetched first, however long that takes. Then what makes it consistent follows in the order of
 * `backupStore`: the log, newest file first; segments until all of a list are there; the newest points; the list of series
 * last. So the copy is of the moment when its last, short part began, not of when all of it did.
 * @throws CopyBroken when the source is at fault, anything else when this side is
 */
export async function takeCopy(source: CopySource, folder: string, progress: CopyProgress): Promise<void> {
  mkdirSync(folder, { recursive: true })
  clearAllButSegments(folder)
  const counted = new Set<string>()

  /** Fetches what is missing of a list; whether all of it is on the disk now. */
  async function fetchAll(files: readonly CopyFile[]): Promise<boolean> {
    let isComplete = true
    const settling: Promise<void>[] = []
    try {
      for (const file of files) {
        const isHere = isSame(join(folder, file.path), file)
        if (isHere && !counted.has(file.path)) progress.kept(file.bytes)
        counted.add(file.path)
        if (isHere) continue
        const fetched = await fetchFile(source, folder, file.path, progress)
        if (!fetched) isComplete = false
        else if (settling.push(fetched.settled) > filesSettling) await settling.shift()
      }
      await Promise.all(settling)
      return isComplete
    } finally {
      // Also after a failure: whoever tries again must not meet files that are still being renamed.
      await Promise.allSettled(settling)
    }
  }

  const listed = await source.list()
  progress.expect(listed.reduce((sum, file) => sum + file.bytes, 0))
  await fetchAll(listed.filter(isSegment))

  const logs = (await source.list()).filter(({ path }) => path.startsWith('wal/'))
  await fetchAll(logs.toReversed())
  let segments: CopyFile[]
  // When one has gone meanwhile, it has been merged into another, which the next list has.
  do segments = (await source.list()).filter(isSegment)
  while (!(await fetchAll(segments)))
  for (const path of ['archives.json', 'last-points', 'series.log'])
    await (
      await fetchFile(source, folder, path, progress)
    )?.settled

  removeOthers(folder, new Set(segments.map(({ path }) => path)))
  const log = join(folder, 'wal')
  mkdirSync(log, { recursive: true })
  for (const path of [...readdirSync(log).map((name) => join(log, name)), join(folder, 'series.log')])
    // The last block may have been half written when it was read.
    if (existsSync(path)) readBlocks(path, () => undefined, { repair: true })
  for (const name of [...stepsIn(folder).map((step) => `step-${step}`), 'wal', '.'])
    await syncFolder(join(folder, name))
}

const isSegment = ({ path }: CopyFile) => path.startsWith('step-')

/** As rsync does: what has the same name, size and time is the same. */
function isSame(path: string, { bytes, modified }: CopyFile): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  return there !== undefined && there.size === bytes && Math.round(there.mtimeMs) === modified
}

interface Fetched {
  /** Resolves when the disk has the file under its name. */
  readonly settled: Promise<void>
}

/** Undefined when the source no longer has it. The file appears whole or not at all. */
async function fetchFile(
  source: CopySource,
  folder: string,
  path: string,
  progress: CopyProgress,
): Promise<Fetched | undefined> {
  const opened = await source.open(path)
  if (!opened) return undefined
  const to = join(folder, path)
  mkdirSync(dirname(to), { recursive: true })
  const handle = await open(`${to}.part`, 'w')
  try {
    await fetchInto(handle, source, opened, progress)
    await source.close(opened.id)
  } catch (error) {
    await handle.close()
    throw error
  }
  const settled = settle(handle, to, new Date(opened.modified))
  // Whoever waits for it hears of a failure, later.
  settled.catch(() => undefined)
  return { settled }
}

async function settle(handle: FileHandle, to: string, modified: Date): Promise<void> {
  try {
    await handle.utimes(modified, modified)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${to}.part`, to)
}

async function fetchInto(
  handle: FileHandle,
  source: CopySource,
  { id, bytes }: { readonly id: string; readonly bytes: number },
  progress: CopyProgress,
): Promise<void> {
  const pieces: Promise<Uint8Array>[] = []
  let asked = 0
  const ask = () => {
    if (asked === bytes) return
    const piece = source.read(id, asked, Math.min(chunkBytes, bytes - asked))
    // When an earlier one fails, nobody waits for this one.
    piece.catch(() => undefined)
    pieces.push(piece)
    asked = Math.min(bytes, asked + chunkBytes)
  }
  for (let i = 0; i < piecesAhead; i++) ask()
  for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
    const content = await piece
    ask()
    for (let written = 0; written < content.length;)
      written += (await handle.write(content, written, content.length - written)).bytesWritten
    progress.received(content.length)
  }
}

function clearAllButSegments(folder: string): void {
  for (const name of readdirSync(folder))
    if (!/^step-\d+$/.test(name)) rmSync(join(folder, name), { recursive: true, force: true })
  removeOthers(folder, undefined)
}

/** Leaves only these segments; without a list, all of them. */
function removeOthers(folder: string, paths: ReadonlySet<string> | undefined): void {
  for (const step of stepsIn(folder))
    for (const name of readdirSync(join(folder, `step-${step}`))) {
      const isWanted = paths ? paths.has(`step-${step}/${name}`) : isSegmentName(name)
      if (!isWanted) rmSync(join(folder, `step-${step}`, name), { force: true })
    }
}
