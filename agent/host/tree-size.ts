import { lstat, readdir } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import type { Places } from './places.ts'

/**
 * Bytes below and including `path` as `du -bs` counts them: apparent sizes, folders included, a file with several
 * names once, links not followed, mounts entered. Each question to the disk waits for one of `places`, so that other
 * work goes on and a dead disk holds one thread only. What vanishes meanwhile is not counted.
 * @throws when something cannot be read, and when `signal` is aborted.
 */
export async function treeSize(path: string, signal: AbortSignal, places: Places): Promise<number> {
  const seen = new Set<string>()
  let total = 0
  const ask = <T>(question: () => Promise<T>): Promise<T> =>
    places.use(async () => {
      signal.throwIfAborted()
      return await question()
    })
  const inSight = <T>(question: () => Promise<T>): Promise<T | undefined> => unlessGone(ask(question))
  const folders: string[] = []
  const take = (at: string, stats: BigIntStats): void => {
    if (counted(stats, seen)) return
    total += Number(stats.size)
    if (stats.isDirectory()) folders.push(at)
  }
  take(path, await ask(() => lstat(path, { bigint: true })))
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const at = folder
    const names = await inSight(() => readdir(at))
    for (const name of names ?? []) {
      const child = join(at, name)
      const stats = await inSight(() => lstat(child, { bigint: true }))
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

async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
