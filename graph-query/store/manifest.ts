import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from './whole-file.ts'

/** Where a file belongs in a store. Nothing else is ever written by a restore or a copy. */
export const storePath = z
  .string()
  .regex(/^(series\.log|last-points|archives\.json|wal\/\d{10}\.wal|step-\d+\/\d+-\d+-\d+-\d+\.seg)$/)

const file = z.object({
  path: storePath,
  /** Where it is in the backup. */
  from: z
    .string()
    .regex(/^(cut-\d+\/)?(series\.log|last-points|archives\.json|wal\/\d{10}\.wal|step-\d+\/\d+-\d+-\d+-\d+\.seg)$/),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const manifest = z.object({
  format: z.literal(1),
  /** Unix seconds; every sample acknowledged before is in it. */
  begun: z.int(),
  files: z.array(file),
})

/** What a whole backup consists of. It is written last, so that a backup that was broken off has none, or the one before. */
export type Manifest = z.output<typeof manifest>
export type BackupFile = Manifest['files'][number]

const name = 'manifest.json'

/** @throws when there is none or it cannot be used */
export function readManifest(dir: string): Manifest {
  const path = join(dir, name)
  if (!existsSync(path)) throw new Error(`Cannot use the backup in ${dir}: it has no ${name}, so it is not whole`)
  const checked = manifest.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!checked.success) throw new Error(`Cannot use the backup in ${dir}: ${z.prettifyError(checked.error)}`)
  return checked.data
}

/** The manifest of the backup before, undefined when there is none. */
export function earlierManifest(dir: string): Manifest | undefined {
  return existsSync(join(dir, name)) ? readManifest(dir) : undefined
}

export async function writeManifest(dir: string, content: Manifest): Promise<void> {
  await writeWhole(join(dir, name), `${JSON.stringify(content, undefined, 1)}\n`)
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Resolves when the disk has the file. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
