import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { defaultArchives } from './layout.ts'
import type { ArchiveSetting } from './layout.ts'

const fileShape = z.object({
  version: z.literal(1),
  archives: z.array(z.object({ steps: z.int().min(1), rows: z.int().min(1) })),
})

/**
 * Notes in the store's folder how long the rows of each archive are kept, and returns all that were ever configured
 * there: rows of one that no longer is stay readable for as long as they were meant to. A file that is missing or
 * damaged is written anew; `damaged` says which it was.
 */
export function rememberArchives(
  dir: string,
  configured: readonly ArchiveSetting[],
): { archives: readonly ArchiveSetting[]; damaged: boolean } {
  const path = join(dir, 'archives.json')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  const before = text === undefined ? undefined : readArchives(text)
  const known = new Map((before ?? defaultArchives).map(({ steps, rows }) => [steps, rows]))
  for (const { steps, rows } of configured) known.set(steps, rows)
  const archives = [...known].map(([steps, rows]) => ({ steps, rows })).toSorted((a, b) => a.steps - b.steps)
  const fresh = `${JSON.stringify({ version: 1, archives }, undefined, 2)}\n`
  if (fresh !== text) replaceFile(path, fresh)
  return { archives, damaged: text !== undefined && before === undefined }
}

function readArchives(text: string): readonly ArchiveSetting[] | undefined {
  try {
    const file = fileShape.safeParse(JSON.parse(text))
    return file.success ? file.data.archives : undefined
  } catch {
    // Not JSON: as damaged as one of another shape.
    return undefined
  }
}

function replaceFile(path: string, text: string): void {
  const file = openSync(`${path}.tmp`, 'w')
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.tmp`, path)
}
