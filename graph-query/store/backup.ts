import { constants, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, link, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { readBlocks } from './block-log.ts'
import { earlierManifest, hashOf, syncFile, writeManifest } from './manifest.ts'
import type { BackupFile, Manifest } from './manifest.ts'
import { stepsIn } from './recover.ts'
import { isSegmentName } from './segment-format.ts'
import { isVanished } from './verification.ts'
import { walName, walSequences } from './wal.ts'

export interface BackupResult {
  readonly files: number
  readonly bytes: number
  /** Segments that the target had already. */
  readonly kept: number
}

/**
 * Copies a store that may be running to `target`, which may hold an earlier backup: then only new segments are copied.
 *
 * The order makes it consistent without the store's help. The log comes first, newest file first: when a file of it goes
 * meanwhile, its points, and those of all files before it, are in segments, which are listed afterwards; what is in both
 * is the same. Then the newest points, and the list of series last, so that it names whatever the rest refers to.
 */
export async function backupStore(
  dir: string,
  target: string,
  now: () => number,
  progress: (text: string) => void,
): Promise<BackupResult> {
  if (!existsSync(join(dir, 'wal'))) throw new Error(`Cannot back up ${dir}: there is no store in it`)
  const begun = Math.floor(now() / 1000)
  mkdirSync(target, { recursive: true })
  if (!relative(dir, target).startsWith('..')) throw new Error(`Cannot back up ${dir} into itself`)
  const earlier = earlierManifest(target)
  const strangers = readdirSync(target).filter((name) => !/^(cut-\d+|step-\d+|manifest\.json(\.tmp)?)$/.test(name))
  if (strangers.length > 0)
    throw new Error(`Cannot back up to ${target}: it holds something else, for example ${strangers[0]}`)

  // What changes goes to a folder of this backup, so that the one before stays whole until this one is.
  const cut = `cut-${nextCut(target)}`
  const files: BackupFile[] = []
  const copyLog = async (path: string) => {
    const to = join(target, cut, path)
    mkdirSync(dirname(to), { recursive: true })
    try {
      await copyFile(join(dir, path), to, constants.COPYFILE_FICLONE)
    } catch (error) {
      if (isVanished(error)) return
      throw error
    }
    if (path.endsWith('.wal') || path === 'series.log') readBlocks(to, () => undefined, { repair: true })
    await syncFile(to)
    files.push({ path, from: join(cut, path), bytes: statSync(to).size, sha256: await hashOf(to) })
  }
  const sequences = walSequences(join(dir, 'wal')).toReversed()
  for (const [i, sequence] of sequences.entries()) {
    progress(`log file ${i + 1} of ${sequences.length}`)
    await copyLog(join('wal', walName(sequence)))
  }
  const { segments, kept } = await copySegments(dir, target, earlier, progress)
  files.push(...segments)
  await copyLog('archives.json')
  await copyLog('last-points')
  await copyLog('series.log')
  await writeManifest(target, { format: 1, begun, files })
  removeUnused(target, cut, files)
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0), kept }
}

function nextCut(target: string): number {
  const numbers = readdirSync(target).flatMap((name) => /^cut-(\d+)$/.exec(name)?.[1] ?? [])
  return Math.max(0, ...numbers.map(Number)) + 1
}

/** Copies or links every segment there is. When one goes meanwhile, the list is made anew: it has been merged into another. */
async function copySegments(
  dir: string,
  target: string,
  earlier: Manifest | undefined,
  progress: (text: string) => void,
): Promise<{ segments: BackupFile[]; kept: number }> {
  const known = new Map(earlier?.files.map((file) => [file.path, file]))
  const done = new Map<string, BackupFile>()
  let kept = 0
  for (;;) {
    const paths = stepsIn(dir).flatMap((step) =>
      readdirSync(join(dir, `step-${step}`)).flatMap((name) =>
        isSegmentName(name) ? [join(`step-${step}`, name)] : [],
      ),
    )
    let isComplete = true
    for (const [i, path] of paths.entries()) {
      if (done.has(path)) continue
      progress(`segment ${i + 1} of ${paths.length}`)
      try {
        const copied = await copySegment(dir, target, path, known.get(path))
        done.set(path, copied.file)
        if (copied.kept) kept++
      } catch (error) {
        if (!isVanished(error)) throw error
        isComplete = false
      }
    }
    if (isComplete) return { segments: paths.flatMap((path) => done.get(path) ?? []), kept }
  }
}

async function copySegment(dir: string, target: string, path: string, known: BackupFile | undefined) {
  const from = join(dir, path)
  const to = join(target, path)
  const sha256 = await hashOf(from)
  const { size, ino, dev } = await stat(from)
  const file: BackupFile = { path, from: path, bytes: size, sha256 }
  if (known?.sha256 === sha256 && existsSync(to)) {
    const there = await stat(to)
    // The same file by a link needs no second look; a copy is read, since a backup may be damaged too.
    if ((there.ino === ino && there.dev === dev) || (await hashOf(to)) === sha256) return { file, kept: true }
  }
  mkdirSync(dirname(to), { recursive: true })
  await rm(to, { force: true })
  try {
    // A finished segment is never changed, so a second name for it is a copy.
    await link(from, to)
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_FICLONE)
    await syncFile(to)
  }
  return { file, kept: false }
}

function removeUnused(target: string, cut: string, files: readonly BackupFile[]): void {
  const used = new Set(files.map((file) => file.from))
  for (const name of readdirSync(target)) {
    if (name.startsWith('cut-') && name !== cut) rmSync(join(target, name), { recursive: true })
    if (!name.startsWith('step-')) continue
    for (const segment of readdirSync(join(target, name)))
      if (!used.has(join(name, segment))) rmSync(join(target, name, segment))
  }
}
