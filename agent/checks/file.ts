import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { At } from '../host/below-root.ts'
import type { Ask } from '../host/file-walks.ts'
import { findFiles, isAbsent, listFolder } from '../host/find-files.ts'
import { defineCheck } from './check.ts'
import type { CheckContext, Outcome } from './check.ts'
import { eachTarget } from './each-target.ts'
import { readOptions } from './options.ts'

interface FileTarget {
  readonly path: string
  /** Levels of folders below the path that are looked into. */
  readonly depth: number
  readonly kind: 'file' | 'folder' | 'any'
}

/** Walks at a time; each waits for the disk most of the time. */
const parallel = 16

/** A walk of more than this is a mistake that nobody should pay for each minute. */
const mostEntries = 100_000

const deadlineMs = 30_000

/** `path=<path with * and ?>[,depth=<levels>][,kind=file|folder|any]`: how many there are, how large and how old. */
export const file = defineCheck<FileTarget>({
  name: 'file',
  metrics: ['file.count', 'file.size', 'file.age.newest', 'file.age.oldest'],
  read: (tags, options) =>
    readOptions(tags, options, { keys: ['depth', 'kind'], texts: ['path'] }, (reader) => {
      const path = reader.text('path')
      if (!isAbsolute(path)) reader.refuse(`path=${path} is not absolute`)
      return {
        path,
        depth: reader.number('depth', { min: 0, max: 20, fallback: 0 }),
        kind: reader.choice('kind', ['file', 'folder', 'any'], 'file'),
      }
    }),
  run: (targets, context) =>
    eachTarget(targets, { parallel, longestMs: () => deadlineMs }, (target) => counted(target, context)),
})

async function counted(target: FileTarget, { host }: CheckContext): Promise<Outcome> {
  try {
    const found = await host.walkFiles(`files ${JSON.stringify(target)}`, deadlineMs, (ask, at) =>
      walk(target, ask, at),
    )
    const times = found.map(({ mtimeMs }) => mtimeMs)
    const now = Date.now()
    return {
      values: {
        'file.count': found.length,
        'file.size': found.reduce((sum, { size }) => sum + size, 0),
        // A file may come from a clock ahead of ours.
        ...(times.length > 0 && {
          'file.age.newest': Math.max(0, now - times.reduce((a, b) => Math.max(a, b))) / 1000,
          'file.age.oldest': Math.max(0, now - times.reduce((a, b) => Math.min(a, b))) / 1000,
        }),
      },
      ...(found.length === 0 && { reason: 'there is none' }),
    }
  } catch (error) {
    return { values: {}, reason: (error as Error).message }
  }
}

type Found = Pick<Stats, 'mtimeMs' | 'size'>

async function walk({ path, depth, kind }: FileTarget, ask: Ask, at: At): Promise<Found[]> {
  const found: Found[] = []
  let left = mostEntries
  /** Undefined for what is not there. */
  const look = async (place: string): Promise<Stats | undefined> => {
    if (left-- === 0) throw new Error(`Cannot count ${path}: there are more than ${mostEntries}`)
    const stats = await ask(async () => stat(await at(place))).catch((error: unknown) => {
      // Gone since, or a link that leads nowhere.
      if (isAbsent(error)) return undefined
      throw error
    })
    if (stats && (kind === 'any' || (kind === 'folder') === stats.isDirectory())) found.push(stats)
    return stats
  }
  let folders: string[] = []
  for (const place of await findFiles(path, { ask, at, entries: mostEntries }))
    if ((await look(place))?.isDirectory() === true) folders.push(place)
  for (let level = 0; level < depth; level++) {
    const deeper: string[] = []
    for (const folder of folders) {
      const inside = await listFolder(folder, ask, at)
      for (const place of [...inside.folders, ...inside.others]) await look(place)
      deeper.push(...inside.folders)
    }
    folders = deeper
  }
  return found
}
