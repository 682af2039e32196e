import { readdir } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { join, parse, sep } from 'node:path'
import { patternOf } from '../collectors/pattern.ts'
import type { At } from './below-root.ts'
import type { Ask } from './file-walks.ts'

/**
 * Paths that fit an absolute path in whose parts `*` is anything and `?` one character, in the order of their names.
 * Names that begin with a dot fit only where the part does too. One without either is given as it is, whether there or
 * not. `entries` of folders are looked at; beyond that it throws.
 */
export async function findFiles(
  pattern: string,
  { ask, at, entries }: { ask: Ask; at: At; entries: number },
): Promise<string[]> {
  const { root } = parse(pattern)
  const parts = pattern.slice(root.length).split(sep === '\\' ? /[/\\]+/ : /\/+/)
  let left = entries
  let found = [root]
  for (const part of parts.filter((part) => part !== '')) {
    if (!/[*?]/.test(part)) {
      found = found.map((path) => join(path, part))
      continue
    }
    const fits = fitsPart(part)
    const deeper: string[] = []
    for (const folder of found) {
      const names = await namesIn(folder, ask, at)
      left -= names.length
      if (left < 0) throw new Error(`Cannot look for ${pattern}: there are more than ${entries} names to look at`)
      deeper.push(...names.filter(fits).map((name) => join(folder, name)))
    }
    found = deeper
  }
  return found
}

/** Of a folder that is not there, or none at all, there are none. */
async function namesIn(folder: string, ask: Ask, at: At): Promise<string[]> {
  try {
    return (await ask(async () => readdir(await at(folder)))).toSorted()
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Whether an error says that there is nothing at a path. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function fitsPart(part: string): (name: string) => boolean {
  const pattern = patternOf(part)
  return (name) => (part.startsWith('.') || !name.startsWith('.')) && pattern.test(name)
}

/** Folders in a folder, and everything else in it. */
export async function listFolder(folder: string, ask: Ask, at: At): Promise<{ folders: string[]; others: string[] }> {
  let inside: Dirent[]
  try {
    inside = await ask(async () => readdir(await at(folder), { withFileTypes: true }))
  } catch (error) {
    if (isAbsent(error)) return { folders: [], others: [] }
    throw error
  }
  const paths = (wanted: boolean) =>
    inside.filter((entry) => entry.isDirectory() === wanted).map(({ name }) => join(folder, name))
  return { folders: paths(true), others: paths(false) }
}
