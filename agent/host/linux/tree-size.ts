import { lstat, readdir } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'

/**
 * Bytes below and including `path` as `du -bs` counts them: apparent sizes, folders included, a file with several
 * names once, links not followed, mounts entered. One question to the disk at a time, so that other work goes on and
 * a dead disk holds one thread only. What vanishes meanwhile is not counted.
 * @throws when something cannot be read, and when `signal` is aborted.
 */
export async function treeSize(path: string, signal: AbortSignal): Promise<number> {
  const seen = new Set<string>()
  let total = 0
  const top = await lstat(path, { bigint: true })
  const folders: string[] = []
  const take = (at: string, stats: BigIntStats): void => {
    if (counted(stats, seen)) return
    total += Number(stats.size)
    if (stats.isDirectory()) folders.push(at)
  }
  take(path, top)
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await unlessGone(readdir(folder), [])) {
      signal.throwIfAborted()
      const child = join(folder, name)
      const stats = await unlessGone(lstat(child, { bigint: true }), undefined)
      if (stats) take(child, stats)
    }
  }
  return total
}

/** Whether another name of the same file, or another mount of the same folder, was counted before. */
function counted(stats: BigIntStats, seen: Set<string>): boolean {
  if (stats.nlink === 1n && !stats.isDirectory()) return false
  const identity = `${stats.dev}:${stats.ino}`
  if (seen.has(identity)) return true
  seen.add(identity)
  return false
}

async function unlessGone<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
